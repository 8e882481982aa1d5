// Who has read which version of the plan.
import { AcknowledgementStatus, type Acknowledgement, type PlanView } from '../gen/muster/v1/plan_pb';

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

// A name for exactly what is acknowledged: the operation, the version and its text. Undefined without a plan.
export function versionKey(operationId: string, plan: Pick<PlanView, 'version' | 'contentSha256'> | undefined): string | undefined {
  return plan && `${operationId} ${plan.version} ${plan.contentSha256}`;
}
