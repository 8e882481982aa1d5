// A notice in one sentence, in the words of the command line.
import { AcknowledgementStatus } from '../gen/muster/v1/plan_pb';
import type { ReadinessBoard } from '../gen/muster/v1/readiness_pb';
import type { Notice } from '../gen/muster/v1/submission_pb';
import { DuplicateDecision, TallyStatus, type TallyEntry } from '../gen/muster/v1/tally_pb';
import { ReferralState } from '../gen/muster/v1/victims_pb';
import { dollars } from './figures';
import { orderText } from './readiness';
import { moment, toMs } from './times';
import { acknowledgementWord, categoryWord, conflictWord, duplicateWord, figureWord, label, phoneText, phaseWord, plural, readinessWord, releaseWord, resolutionWord, roleWord, statusWord } from './words';

function entryText(entry: TallyEntry | undefined): string {
  if (entry === undefined) return 'an entry';
  const count = entry.amountCents === undefined ? entry.count === 0 ? 'none:' : `${entry.count} ×` : dollars(entry.amountCents);
  // Confirmed is what counts, and the rule; what does not count is said.
  const status = entry.status === TallyStatus.CONFIRMED ? '' : ` (${statusWord(entry.status).toUpperCase()})`;
  return `${count} ${categoryWord(entry.category)} at ${entry.siteId} by ${entry.primaryAgencyId}${status}`;
}

function boardText(board: ReadinessBoard): string {
  const parts: string[] = [];
  const at = toMs(board.hHour?.at);
  if (at !== undefined) parts.push(`H-hour ${moment(at)}, epoch ${board.hHour?.epoch}`);
  if (board.go !== undefined) {
    const order = orderText(board.go);
    parts.push([`${order.word}: ${order.text}`, order.by].filter(Boolean).join(', '));
  }
  for (const site of board.sites) {
    const reasons = site.agencies.filter((one) => one.reason !== '').map((one) => `${one.agencyId}: ${one.reason}`);
    const waiver = site.waiver ? [`waived by ${site.waiver.approverName}: ${site.waiver.reason}`] : [];
    const details = [...reasons, ...waiver].join('; ');
    parts.push(`${site.siteId} is ${readinessWord(site.status)}${details ? ` (${details})` : ''}`);
  }
  return parts.length === 0 ? 'the readiness board has changed' : parts.join('; ');
}

export function noticeText(notice: Pick<Notice, 'content'>): string {
  const content = notice.content;
  switch (content.case) {
    case 'agency':
      return `agency ${content.value.agency?.agencyId} has changed on the roster`;
    case 'operation':
      return `operation “${content.value.operation?.codeName}” is in phase ${phaseWord(content.value.phase)}`;
    case 'participant': {
      const { participant, removed, reason } = content.value;
      if (removed) return `${participant?.agencyId} removed: ${reason}`;
      return `${participant?.agencyId} takes part as ${roleWord(participant?.role ?? 0)}`;
    }
    case 'plan':
      return content.value.withdrawn
        ? `plan version ${content.value.version} withdrawn`
        : `plan version ${content.value.version} published, ${plural(content.value.sections.length, 'section')}`;
    case 'acknowledgement': {
      const one = content.value;
      const version = one.status === AcknowledgementStatus.DELIVERED ? one.currentVersion : one.version;
      return `${one.agencyId}: plan version ${version} ${acknowledgementWord(one.status)}${one.reason ? `: ${one.reason}` : ''}`;
    }
    case 'tallyEntry':
      return entryText(content.value.entry);
    case 'tallyCorrection': {
      const { entryId, reversal, replacements } = content.value;
      const instead = replacements.length === 0 ? 'nothing in its place' : `now ${replacements.map((r) => entryText(r.entry)).join(', ')}`;
      return `CORRECTION of entry …${entryId.slice(-6)}: ${instead}. ${reversal?.reason ?? ''}`;
    }
    case 'claim': {
      const claim = content.value.claim;
      return `claim: ${claim?.value} ${figureWord(claim?.figure ?? 0)}${claim?.state ? ` in ${claim.state}` : ''}, says ${claim?.source}`;
    }
    case 'duplicate':
      return content.value.decision === DuplicateDecision.PENDING
        ? `two entries may be the same arrest: ${content.value.why}`
        : `suspected duplicate decided: ${duplicateWord(content.value.decision)}: ${content.value.reason}`;
    case 'activity':
      return `activity of ${content.value.agencyId} entered or changed`;
    case 'alert': {
      const alert = content.value;
      const end = alert.resolution === 0 ? '' : ` ${resolutionWord(alert.resolution)}`;
      return `CONFLICT with ${alert.otherAgencyId} is ${conflictWord(alert.state)}${end}; call ${alert.otherContactName} ${phoneText(alert.otherContactPhone24h)}`;
    }
    case 'conflict': {
      const conflict = content.value;
      const end = conflict.resolution === 0 ? '' : ` ${resolutionWord(conflict.resolution)}`;
      return `CONFLICT of ${conflict.parties.map((p) => p.agencyId).join(' and ')} is ${conflictWord(conflict.state)}${end}`;
    }
    case 'readiness':
      return boardText(content.value);
    case 'escalation': {
      const calls = content.value.contacts.map((one) => `${one.agencyId} ${phoneText(one.phone24h)}`).join(', ');
      return `ESCALATION: ${content.value.text.replace(/[.\s]+$/, '')}. Call ${calls}`;
    }
    case 'release':
      return `release “${content.value.title}” is ${releaseWord(content.value.state)}`;
    case 'readinessNotice':
      return `readiness notice: ${content.value.personsMin} to ${content.value.personsMax} persons`;
    case 'capacity':
      return `${content.value.agencyId}: ${plural(content.value.capacity?.beds ?? 0, 'bed')}`;
    case 'services': {
      const counts = content.value.counts;
      return `${content.value.agencyId}: services ${counts?.offered} offered, ${counts?.accepted} accepted, ${counts?.declined} declined`;
    }
    case 'referral':
      return `referral to ${content.value.toAgencyId} is ${label(ReferralState, content.value.state)}`;
    default:
      return 'something that this version of the dashboard does not know; update it';
  }
}

// What a filter of the timeline is made of.
export type NoticeGroup = 'orders' | 'plan' | 'conflicts' | 'tallies' | 'other';

export function groupOf(notice: Pick<Notice, 'content'>): NoticeGroup {
  switch (notice.content.case) {
    case 'operation':
    case 'readiness':
    case 'escalation':
      return 'orders';
    case 'plan':
    case 'acknowledgement':
      return 'plan';
    case 'alert':
    case 'conflict':
    case 'activity':
      return 'conflicts';
    case 'tallyEntry':
    case 'tallyCorrection':
    case 'duplicate':
    case 'claim':
    case 'release':
      return 'tallies';
    default:
      return 'other';
  }
}

// What nobody must miss: shown in strong type.
export function isUrgent(notice: Pick<Notice, 'content'>): boolean {
  const content = notice.content;
  return (
    ['escalation', 'alert', 'conflict', 'plan', 'tallyCorrection'].includes(content.case ?? '') ||
    (content.case === 'readiness' && content.value.go !== undefined)
  );
}

// The agencies a notice speaks of, for the filter and for when each was last heard.
export function agenciesOf(notice: Pick<Notice, 'content'>): string[] {
  const content = notice.content;
  switch (content.case) {
    case 'acknowledgement':
    case 'capacity':
    case 'services':
    case 'activity':
      return [content.value.agencyId];
    case 'tallyEntry':
      return [content.value.reportedBy?.agencyId ?? content.value.entry?.primaryAgencyId ?? ''];
    case 'tallyCorrection':
      return [content.value.reversal?.author?.agencyId ?? ''];
    case 'readiness':
      return content.value.sites.flatMap((site) => site.agencies.map((one) => one.agencyId));
    case 'conflict':
      return content.value.parties.map((party) => party.agencyId);
    case 'alert':
      return [content.value.otherAgencyId];
    case 'participant':
      return [content.value.participant?.agencyId ?? ''];
    case 'referral':
      return [content.value.fromAgencyId, content.value.toAgencyId];
    case 'escalation':
      return content.value.contacts.map((one) => one.agencyId);
    default:
      return [];
  }
}

// The states in which it happened, where it names any.
export function statesOf(notice: Pick<Notice, 'content'>, stateOfSite: ReadonlyMap<string, string>): string[] {
  const of = (siteId: string | undefined) => stateOfSite.get(siteId ?? '') ?? '';
  const content = notice.content;
  const states = (() => {
    switch (content.case) {
      case 'readiness':
        return content.value.sites.map((site) => site.state || of(site.siteId));
      case 'tallyEntry':
        return [of(content.value.entry?.siteId)];
      case 'tallyCorrection':
        return content.value.replacements.map((one) => of(one.entry?.siteId));
      case 'claim':
        return [content.value.claim?.state ?? ''];
      case 'escalation':
        return [of(content.value.siteId)];
      case 'participant':
        return (content.value.participant?.siteIds ?? []).map(of);
      case 'readinessNotice':
        return content.value.states;
      default:
        return [];
    }
  })();
  return states.filter((state) => state !== '');
}
