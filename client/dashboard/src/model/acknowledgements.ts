// Who has read which version of the plan.
import { AcknowledgementStatus, type Acknowledgement } from '../gen/muster/v1/plan_pb';

export interface Progress {
  acknowledged: number;
  all: number;
  missing: Acknowledgement[];
  rejected: Acknowledgement[];
}

export function progressOf(all: readonly Acknowledgement[]): Progress {
  return {
    all: all.length,
    acknowledged: all.filter((one) => one.status === AcknowledgementStatus.ACKNOWLEDGED).length,
    missing: all.filter((one) => one.status === AcknowledgementStatus.DELIVERED),
    rejected: all.filter((one) => one.status === AcknowledgementStatus.REJECTED),
  };
}

const URGENCY: Record<AcknowledgementStatus, number> = {
  [AcknowledgementStatus.REJECTED]: 0,
  [AcknowledgementStatus.DELIVERED]: 1,
  [AcknowledgementStatus.UNSPECIFIED]: 2,
  [AcknowledgementStatus.ACKNOWLEDGED]: 3,
};

export function byUrgency(all: readonly Acknowledgement[]): Acknowledgement[] {
  return [...all].sort((a, b) => URGENCY[a.status] - URGENCY[b.status] || (a.agencyId < b.agencyId ? -1 : 1));
}
