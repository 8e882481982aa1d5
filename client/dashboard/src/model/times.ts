// Instants, and the clocks of the four zones of the contiguous states. Daylight saving time is the Intl tables'.
import type { Timestamp } from '@bufbuild/protobuf/wkt';

export interface Zone {
  name: string;
  iana: string;
}

export const FOUR_ZONES: readonly Zone[] = [
  { name: 'Eastern', iana: 'America/New_York' },
  { name: 'Central', iana: 'America/Chicago' },
  { name: 'Mountain', iana: 'America/Denver' },
  { name: 'Pacific', iana: 'America/Los_Angeles' },
];

// Missouri, whose office led the operation after which this is modelled, and most sites' own.
export const HOME_ZONE: Zone = FOUR_ZONES[1]!;

export function toMs(at: Timestamp | undefined): number | undefined {
  return at === undefined ? undefined : Number(at.seconds) * 1000 + Math.floor(at.nanos / 1e6);
}

export function toTimestamp(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(iana: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = iana + JSON.stringify(options);
  let made = formats.get(key);
  if (made === undefined) {
    // Making one takes about a millisecond: too slow for every cell of a table every second.
    made = new Intl.DateTimeFormat('en-US', { timeZone: iana, hourCycle: 'h23', ...options });
    formats.set(key, made);
  }
  return made;
}

// "CDT", "MST".
export function zoneLetters(ms: number, iana: string): string {
  const parts = format(iana, { timeZoneName: 'short' }).formatToParts(ms);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? iana;
}

// "14:03:22"
export function clock(ms: number, iana: string = HOME_ZONE.iana): string {
  return format(iana, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms);
}

// "14:03"
export function clockShort(ms: number, iana: string = HOME_ZONE.iana): string {
  return format(iana, { hour: '2-digit', minute: '2-digit' }).format(ms);
}

// "Thu 26 Aug"
export function day(ms: number, iana: string = HOME_ZONE.iana): string {
  const parts = format(iana, { weekday: 'short', day: '2-digit', month: 'short' }).formatToParts(ms);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('weekday')} ${of('day')} ${of('month')}`;
}

// "26 Aug 22:00:00 CDT": what a line of a table holds.
export function moment(ms: number | undefined, iana: string = HOME_ZONE.iana): string {
  if (ms === undefined) return '';
  return `${day(ms, iana).slice(4)} ${clock(ms, iana)} ${zoneLetters(ms, iana)}`;
}

// "14:03:22" of `today`, "26 Aug 14:03" of another day: for columns that say which zone they are in.
export function when(ms: number | undefined, today: string, iana: string = HOME_ZONE.iana): string {
  if (ms === undefined) return '';
  const of = day(ms, iana);
  return of === today ? clock(ms, iana) : `${of.slice(of.indexOf(' ') + 1)} ${clockShort(ms, iana)}`;
}

export function iso(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString();
}

const two = (value: number) => String(value).padStart(2, '0');

// "2 s", "4 min", "3 h 20 min", "2 d 4 h": coarse, for an age.
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

// "1:02:03", "2 d 01:02:03": exact, for a countdown.
export function span(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const text = `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  return days > 0 ? `${days} d ${text}` : text;
}

// "H-01:02:03" before, "H+00:00:12" after.
export function countdown(at: number, now: number): string {
  const left = at - now;
  // The sign changes at H-hour itself: the last second before it still reads H-00:00:01.
  const sign = left > 0 ? 'H-' : 'H+';
  const length = left > 0 ? Math.ceil(left / 1000) * 1000 : -left;
  // Days before or after, nobody counts seconds.
  return length < 2 * 86_400_000 ? sign + span(length) : sign + age(length);
}
