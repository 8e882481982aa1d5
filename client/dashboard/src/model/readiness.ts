// The readiness board in the order in which somebody must look at it, and GO in words.
import { GoState, ReadinessStatus, type GoOrder, type ReadinessBoard, type SiteReadiness } from '../gen/muster/v1/readiness_pb';
import { moment, toMs } from './times';

// READY or further on.
export function isReady(status: ReadinessStatus): boolean {
  return status >= ReadinessStatus.READY && status <= ReadinessStatus.COMPLETE;
}

export interface ReadyCount {
  ready: number;
  required: number;
  waived: number;
  text: string;
}

export function readyCount(board: ReadinessBoard): ReadyCount {
  const required = board.sites.filter((site) => !site.optionalForGo);
  const ready = required.filter((site) => isReady(site.status)).length;
  const waived = required.filter((site) => !isReady(site.status) && site.waiver !== undefined).length;
  const text = `${ready} of ${required.length} required sites ready${waived > 0 ? `, ${waived} waived` : ''}`;
  return { ready, required: required.length, waived, text };
}

// The sites that are in the way of GO first.
function urgency(site: SiteReadiness): number {
  const excused = site.optionalForGo || site.waiver !== undefined;
  switch (site.status) {
    case ReadinessStatus.ABORTED:
      return 0;
    case ReadinessStatus.HOLD:
      return 1;
    case ReadinessStatus.NOT_READY:
      return excused ? 4 : 2;
    case ReadinessStatus.UNKNOWN:
      return excused ? 4 : 3;
    default:
      return 5;
  }
}

export function sitesByUrgency(board: ReadinessBoard): SiteReadiness[] {
  return [...board.sites].sort((a, b) => urgency(a) - urgency(b) || (a.siteId < b.siteId ? -1 : 1));
}

export type Tone = 'good' | 'warn' | 'alarm' | 'plain';

export function readinessTone(status: ReadinessStatus): Tone {
  if (isReady(status)) return 'good';
  return status === ReadinessStatus.NOT_READY || status === ReadinessStatus.ABORTED ? 'alarm' : 'warn';
}

// A shape for each status, so that it can be told without its colour.
const SHAPES: Record<ReadinessStatus, string> = {
  [ReadinessStatus.UNSPECIFIED]: '?',
  [ReadinessStatus.UNKNOWN]: '?',
  [ReadinessStatus.NOT_READY]: '✕',
  [ReadinessStatus.READY]: '✓',
  [ReadinessStatus.GO_RECEIVED]: '▶',
  [ReadinessStatus.EXECUTING]: '▶▶',
  [ReadinessStatus.COMPLETE]: '■',
  [ReadinessStatus.HOLD]: '❚❚',
  [ReadinessStatus.ABORTED]: '⊘',
};
export const readinessShape = (status: ReadinessStatus) => SHAPES[status] ?? '?';

export interface Order {
  word: 'GO' | 'HOLD' | 'ABORT' | 'NOT GIVEN' | 'PROPOSED';
  text: string;
  // Who gave it; for those who are told.
  by: string;
}

export function orderText(go: GoOrder | undefined): Order {
  const because = go?.reason ? `: ${go.reason}` : '';
  const approvers = (go?.approvals ?? []).map((one) => one.operatorName || one.operatorId).join(' and ');
  switch (go?.state) {
    case GoState.GIVEN:
      return {
        word: 'GO',
        text: `given ${moment(toMs(go.givenAt))}, plan version ${go.planVersion}`,
        by: approvers ? `by ${approvers}` : '',
      };
    case GoState.HELD:
      return { word: 'HOLD', text: `called ${moment(toMs(go.givenAt))}${because}`, by: '' };
    case GoState.ABORTED:
      return { word: 'ABORT', text: `called ${moment(toMs(go.givenAt))}${because}. Final for epoch ${go.epoch}`, by: '' };
    case GoState.PROPOSED:
      return { word: 'PROPOSED', text: 'waiting for a second person', by: approvers ? `approved by ${approvers}` : '' };
    default:
      return { word: 'NOT GIVEN', text: 'GO has not been given', by: '' };
  }
}
