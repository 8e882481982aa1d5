// When each agency last reported: its last own report among what this viewer may see. It says more than a connection, which
// presence.ts tells of, and is what is left where no broker can be asked.
import { AcknowledgementStatus } from '../gen/muster/v1/plan_pb';
import type { Notice } from '../gen/muster/v1/submission_pb';
import { noticeText } from './notice_text';
import type { Heard, OperationBoard } from './snapshot';
import { toMs } from './times';

// Which agency a notice was brought about by; empty when that is not told.
export function heardIn(notice: Notice): Record<string, Heard> {
  const heard: Record<string, Heard> = {};
  const put = (agencyId: string | undefined, at: number | undefined, what: string) => {
    if (agencyId && at !== undefined && (heard[agencyId]?.at ?? 0) < at) heard[agencyId] = { at, what };
  };
  const at = toMs(notice.at);
  const content = notice.content;
  switch (content.case) {
    case 'acknowledgement':
      if (content.value.status !== AcknowledgementStatus.DELIVERED) put(content.value.agencyId, at, 'answered the plan');
      break;
    case 'tallyEntry':
      put(content.value.reportedBy?.agencyId, at, 'reported a tally');
      break;
    case 'tallyCorrection':
      put(content.value.reversal?.author?.agencyId, at, 'corrected a tally');
      break;
    case 'readiness':
      for (const site of content.value.sites) {
        for (const one of site.agencies) put(one.agencyId, toMs(one.reportedAt), 'reported readiness');
      }
      break;
    case 'activity':
      put(content.value.enteredBy?.agencyId, at, 'entered an activity');
      break;
    case 'capacity':
    case 'services':
      put(content.value.agencyId, at, noticeText(notice));
      break;
    default:
      break;
  }
  return heard;
}

// What the reads tell beside the feed: they reach back before this page was opened.
export function heardOf(board: OperationBoard): Map<string, Heard> {
  const all = new Map<string, Heard>(Object.entries(board.heard));
  const put = (agencyId: string | undefined, at: number | undefined, what: string) => {
    if (agencyId && at !== undefined && (all.get(agencyId)?.at ?? 0) < at) all.set(agencyId, { at, what });
  };
  for (const one of board.parts.acknowledgements?.value ?? []) put(one.agencyId, toMs(one.answeredAt), 'answered the plan');
  for (const site of board.parts.readiness?.value?.sites ?? []) {
    for (const one of site.agencies) {
      put(one.agencyId, toMs(one.reportedAt), 'reported readiness');
      put(one.agencyId, toMs(one.goAcknowledgedAt), 'acknowledged GO');
    }
  }
  return all;
}
