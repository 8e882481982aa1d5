// The after-action report: what the operation's own record says of it, made from the feed, so that it holds what its reader
// may see.
import { ConflictState } from '../gen/muster/v1/activity_pb';
import { AcknowledgementStatus } from '../gen/muster/v1/plan_pb';
import { GoState, ReadinessStatus } from '../gen/muster/v1/readiness_pb';
import { isUrgent, noticeText } from './notice_text';
import type { FeedItem } from './snapshot';
import { toMs } from './times';

export interface AfterAction {
  deliveries: number;
  firstAt?: number;
  lastAt?: number;
  milestones: { at: number; text: string }[];
  // From publishing the version to the answer.
  acknowledgements: { agencyId: string; version: number; rejected: boolean; afterMs?: number }[];
  readiness: { siteId: string; agencyId: string; readyAt: number; beforeHHourMs?: number; goAcknowledgedMs?: number }[];
  conflicts: { conflictId: string; who: string; state: ConflictState; escalated: boolean; openedAt: number; toResolutionMs?: number }[];
  corrections: { at: number; entryId: string; author: string; reason: string; before?: number; after: number }[];
}

function isMilestone(item: FeedItem): boolean {
  return item.notice.content.case === 'operation' || item.notice.content.case === 'release' || isUrgent(item.notice);
}

export function afterAction(history: readonly FeedItem[]): AfterAction {
  const published = new Map<number, number>();
  const ready = new Map<string, AfterAction['readiness'][number]>();
  const conflicts = new Map<string, AfterAction['conflicts'][number]>();
  const counts = new Map<string, number>();
  const report: AfterAction = {
    deliveries: history.length,
    milestones: history.filter(isMilestone).map((item) => ({ at: item.at, text: noticeText(item.notice) })),
    acknowledgements: [],
    readiness: [],
    conflicts: [],
    corrections: [],
  };
  let hHour: number | undefined;
  let goAt: number | undefined;
  for (const item of history) {
    const content = item.notice.content;
    switch (content.case) {
      case 'plan':
        if (!published.has(content.value.version)) published.set(content.value.version, item.at);
        break;
      case 'acknowledgement': {
        const one = content.value;
        if (one.status === AcknowledgementStatus.DELIVERED) break;
        const from = published.get(one.version);
        report.acknowledgements.push({
          agencyId: one.agencyId,
          version: one.version,
          rejected: one.status === AcknowledgementStatus.REJECTED,
          ...(from === undefined ? {} : { afterMs: item.at - from }),
        });
        break;
      }
      case 'readiness': {
        const board = content.value;
        hHour = toMs(board.hHour?.at) ?? hHour;
        if (board.go?.state === GoState.GIVEN) goAt = toMs(board.go.givenAt) ?? item.at;
        for (const site of board.sites) {
          for (const one of site.agencies) {
            const key = `${site.siteId} ${one.agencyId}`;
            const known = ready.get(key);
            if (one.status === ReadinessStatus.READY && known === undefined) {
              const readyAt = toMs(one.reportedAt) ?? item.at;
              ready.set(key, { siteId: site.siteId, agencyId: one.agencyId, readyAt });
            }
            const acknowledged = toMs(one.goAcknowledgedAt);
            if (known && acknowledged !== undefined && goAt !== undefined) known.goAcknowledgedMs = acknowledged - goAt;
          }
        }
        break;
      }
      case 'conflict':
      case 'alert': {
        const id = content.value.conflictId;
        const who = content.case === 'conflict' ? content.value.parties.map((p) => p.agencyId).join(' and ') : `with ${content.value.otherAgencyId}`;
        const known = conflicts.get(id) ?? { conflictId: id, who, state: content.value.state, escalated: false, openedAt: item.at };
        known.state = content.value.state;
        if (content.value.state === ConflictState.ESCALATED) known.escalated = true;
        if (content.value.state === ConflictState.RESOLVED) known.toResolutionMs = item.at - known.openedAt;
        conflicts.set(id, known);
        break;
      }
      case 'tallyEntry':
        if (content.value.entry) counts.set(content.value.entry.entryId, content.value.entry.count);
        break;
      case 'tallyCorrection': {
        const { entryId, reversal, replacements } = content.value;
        const before = counts.get(entryId);
        report.corrections.push({
          at: item.at,
          entryId,
          author: reversal?.author?.agencyId ?? '',
          reason: reversal?.reason ?? '',
          ...(before === undefined ? {} : { before }),
          after: replacements.reduce((sum, one) => sum + (one.entry?.count ?? 0), 0),
        });
        for (const one of replacements) if (one.entry) counts.set(one.entry.entryId, one.entry.count);
        break;
      }
      default:
        break;
    }
  }
  for (const one of ready.values()) if (hHour !== undefined) one.beforeHHourMs = hHour - one.readyAt;
  report.readiness = [...ready.values()];
  report.conflicts = [...conflicts.values()];
  const first = history[0];
  const last = history.at(-1);
  if (first && last) Object.assign(report, { firstAt: first.at, lastAt: last.at });
  return report;
}
