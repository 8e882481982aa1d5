// Who is signed in at the gateway, who its agency is at the broker, and what time it is there.
import type { WhoAmIResponse } from '../gen/muster/v1/agency_pb';
import { PersonRole, type Session } from '../gen/muster/gateway/v1/session_pb';
import type { Me, SessionState } from '../model/snapshot';
import { toMs } from '../model/times';
import { ageListener, type AnswerAge, type Clients } from './calls';

export function sessionState(session: Session): SessionState {
  const signedInAt = toMs(session.signedInAt);
  const endsAt = toMs(session.endsAt);
  return {
    person: session.person,
    operator: session.role === PersonRole.OPERATOR,
    byCertificate: session.byCertificate,
    ...(signedInAt === undefined ? {} : { signedInAt }),
    ...(endsAt === undefined ? {} : { endsAt }),
  };
}

export const meOf = ({ principal, agency }: WhoAmIResponse): Me => ({
  agencyId: principal?.agencyId ?? '',
  agencyName: agency?.agency?.name ?? '',
  post: principal?.post ?? '',
  state: agency?.agency?.state ?? '',
});

export interface ClockReading {
  // Broker's clock minus this computer's.
  offsetMs: number;
  // How far it may be out, either way.
  withinMs: number;
}

export interface BrokerAnswer {
  me: WhoAmIResponse;
  age: AnswerAge;
  // Unset for a copy, whose clock says when it was made.
  clock?: ClockReading;
}

// The way there and back is timed by a clock that nobody sets.
export async function askBroker(clients: Clients, now: () => number): Promise<BrokerAnswer> {
  const age: AnswerAge = {};
  const sentAt = performance.now();
  const me = await clients.agency.whoAmI({}, ageListener(age));
  const withinMs = (performance.now() - sentAt) / 2;
  const brokerTime = age.asOf === undefined ? toMs(me.brokerTime) : undefined;
  return { me, age, ...(brokerTime === undefined ? {} : { clock: { offsetMs: Math.round(brokerTime + withinMs - now()), withinMs } }) };
}

// What a slow answer does not contradict stays; a clock that somebody set is contradicted at once.
export function renewedOffset(before: number, clock: ClockReading | undefined): number {
  if (clock === undefined || Math.abs(clock.offsetMs - before) <= clock.withinMs) return before;
  return clock.offsetMs;
}
