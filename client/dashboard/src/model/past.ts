// The past of the feed, as it was read once, and what has come since: joined by their places in the feed.
import type { FeedItem } from './snapshot';

export interface Past {
  items: readonly FeedItem[];
  // The place up to which it reaches. Empty: nothing had been delivered.
  last: string;
}

// Undefined: deliveries lie between the two that nobody holds any more, and the past must be read again. `recent` is in the
// order of the feed and of all operations.
export function joined(past: Past, recent: readonly FeedItem[], operationId: string): Past | undefined {
  const newest = recent.at(-1);
  if (newest === undefined || newest.cursor === past.last) return past;
  // The past may be ahead of the stream: both are read from the broker, each at its own pace.
  let from = recent.findIndex((item) => item.cursor === past.last) + 1;
  if (from === 0) {
    from = recent.findIndex((item) => item.previous === past.last);
    if (from < 0) {
      const known = new Set(past.items.map((item) => item.cursor));
      return recent.every((item) => item.operationId !== operationId || known.has(item.cursor)) ? past : undefined;
    }
  }
  const since = recent.slice(from);
  // A gap in the stream itself, after which the hub read everything again.
  for (let i = 1; i < since.length; ++i) if (since[i]!.previous !== since[i - 1]!.cursor) return undefined;
  const own = since.filter((item) => item.operationId === operationId);
  return { items: own.length === 0 ? past.items : [...past.items, ...own], last: newest.cursor };
}
