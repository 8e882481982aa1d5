// The after-action report: what the operation's own record says of it, made from the feed, so that it holds what its reader
// may see.
import { ConflictState, type Alert, type ConflictRecord } from '../gen/muster/v1/activity_pb';
import { AcknowledgementStatus, type Acknowledgement } from '../gen/muster/v1/plan_pb';
import { GoState, ReadinessStatus, type ReadinessBoard, type SiteReadiness } from '../gen/muster/v1/readiness_pb';
import type { TallyCorrection } from '../gen/muster/v1/submission_pb';
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
  // GO without a site that was not ready, and who answers for it (rule G1).
  waivers: { siteId: string; epoch: number; approver: string; reason: string; at: number }[];
  // From the call to the next order.
  holds: { at: number; epoch: number; reason: string; aborted: boolean; lastedMs?: number }[];
  conflicts: { conflictId: string; who: string; state: ConflictState; escalated: boolean; openedAt: number; toResolutionMs?: number }[];
  corrections: { at: number; entryId: string; author: string; reason: string; before?: number; after: number }[];
}

function isMilestone(item: FeedItem): boolean {
  return item.notice.content.case === 'operation' || item.notice.content.case === 'release' || isUrgent(item.notice);
}

class Collector {
  acknowledgements: AfterAction['acknowledgements'] = [];
  corrections: AfterAction['corrections'] = [];
  readonly holds: AfterAction['holds'] = [];
  readonly ready = new Map<string, AfterAction['readiness'][number]>();
  readonly waivers = new Map<string, AfterAction['waivers'][number]>();
  readonly conflicts = new Map<string, AfterAction['conflicts'][number]>();
  hHour: number | undefined;
  #published = new Map<number, number>();
  #counts = new Map<string, number>();
  #goAt: number | undefined;

  take({ at, notice: { content } }: FeedItem): void {
    switch (content.case) {
      case 'plan':
        if (!this.#published.has(content.value.version)) this.#published.set(content.value.version, at);
        break;
      case 'acknowledgement':
        this.#acknowledged(at, content.value);
        break;
      case 'readiness':
        this.#board(at, content.value);
        break;
      case 'conflict':
        this.#conflict(at, content.value, content.value.parties.map((one) => one.agencyId).join(' and '));
        break;
      case 'alert':
        this.#conflict(at, content.value, `with ${content.value.otherAgencyId}`);
        break;
      case 'tallyEntry':
        if (content.value.entry) this.#counts.set(content.value.entry.entryId, content.value.entry.count);
        break;
      case 'tallyCorrection':
        this.#correction(at, content.value);
        break;
      default:
        break;
    }
  }

  #acknowledged(at: number, one: Acknowledgement): void {
    if (one.status === AcknowledgementStatus.DELIVERED) return;
    const from = this.#published.get(one.version);
    this.acknowledgements.push({
      agencyId: one.agencyId,
      version: one.version,
      rejected: one.status === AcknowledgementStatus.REJECTED,
      ...(from === undefined ? {} : { afterMs: at - from }),
    });
  }

  #board(at: number, board: ReadinessBoard): void {
    this.hHour = toMs(board.hHour?.at) ?? this.hHour;
    if (board.go !== undefined) {
      const { state, epoch, reason, givenAt } = board.go;
      const orderAt = toMs(givenAt) ?? at;
      const open = this.holds.at(-1);
      const held = state === GoState.HELD || state === GoState.ABORTED;
      const same = open !== undefined && open.at === orderAt && open.aborted === (state === GoState.ABORTED);
      // What lifts a hold carries no moment of its own.
      if (open !== undefined && !open.aborted && open.lastedMs === undefined && !same) open.lastedMs = at - open.at;
      if (held && !same) this.holds.push({ at: orderAt, epoch, reason, aborted: state === GoState.ABORTED });
      if (state === GoState.GIVEN) this.#goAt = orderAt;
    }
    for (const site of board.sites) this.#site(at, site);
  }

  #site(at: number, site: SiteReadiness): void {
    if (site.waiver !== undefined) {
      const { approverName: approver, reason, epoch, recordedAt } = site.waiver;
      this.waivers.set(`${site.siteId} ${epoch}`, { siteId: site.siteId, epoch, approver, reason, at: toMs(recordedAt) ?? at });
    }
    for (const one of site.agencies) {
      const key = `${site.siteId} ${one.agencyId}`;
      const known = this.ready.get(key);
      if (one.status === ReadinessStatus.READY && known === undefined) {
        this.ready.set(key, { siteId: site.siteId, agencyId: one.agencyId, readyAt: toMs(one.reportedAt) ?? at });
      }
      const acknowledged = toMs(one.goAcknowledgedAt);
      if (known && acknowledged !== undefined && this.#goAt !== undefined) known.goAcknowledgedMs = acknowledged - this.#goAt;
    }
  }

  #conflict(at: number, { conflictId, state }: ConflictRecord | Alert, who: string): void {
    const known = this.conflicts.get(conflictId) ?? { conflictId, who, state, escalated: false, openedAt: at };
    known.state = state;
    if (state === ConflictState.ESCALATED) known.escalated = true;
    if (state === ConflictState.RESOLVED) known.toResolutionMs = at - known.openedAt;
    this.conflicts.set(conflictId, known);
  }

  #correction(at: number, { entryId, reversal, replacements }: TallyCorrection): void {
    const before = this.#counts.get(entryId);
    this.corrections.push({
      at,
      entryId,
      author: reversal?.author?.agencyId ?? '',
      reason: reversal?.reason ?? '',
      ...(before === undefined ? {} : { before }),
      after: replacements.reduce((sum, one) => sum + (one.entry?.count ?? 0), 0),
    });
    for (const one of replacements) if (one.entry) this.#counts.set(one.entry.entryId, one.entry.count);
  }
}

export function afterAction(history: readonly FeedItem[]): AfterAction {
  const all = new Collector();
  for (const item of history) all.take(item);
  for (const one of all.ready.values()) if (all.hHour !== undefined) one.beforeHHourMs = all.hHour - one.readyAt;
  const first = history[0];
  const last = history.at(-1);
  return {
    deliveries: history.length,
    ...(first && last ? { firstAt: first.at, lastAt: last.at } : {}),
    milestones: history.filter(isMilestone).map((item) => ({ at: item.at, text: noticeText(item.notice) })),
    acknowledgements: all.acknowledgements,
    readiness: [...all.ready.values()],
    waivers: [...all.waivers.values()],
    holds: all.holds,
    conflicts: [...all.conflicts.values()],
    corrections: all.corrections,
  };
}
