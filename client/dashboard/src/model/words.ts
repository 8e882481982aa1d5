// The words for what the protocol numbers.
import { ObjectClass } from '../gen/muster/v1/access_pb';
import { ConflictResolution, ConflictState, DistanceBand, TargetKind } from '../gen/muster/v1/activity_pb';
import { OperationMode } from '../gen/muster/v1/basics_pb';
import { OperationPhase, Role } from '../gen/muster/v1/operation_pb';
import { AcknowledgementStatus, SectionChange, SectionKind } from '../gen/muster/v1/plan_pb';
import { GoState, ReadinessStatus } from '../gen/muster/v1/readiness_pb';
import { ReleaseState } from '../gen/muster/v1/release_pb';
import { CountingDecision, DuplicateDecision, FigureKind, TallyCategory, TallyStatus } from '../gen/muster/v1/tally_pb';
import { Gender, VictimNeed } from '../gen/muster/v1/victims_pb';
import type { ViewName } from './parts';

export const VIEW_TITLES: Record<ViewName, string> = {
  overview: 'Overview',
  tallies: 'Tallies',
  conflicts: 'Conflicts',
  plan: 'Plan',
  victims: 'Victim services',
  timeline: 'Timeline',
};

type NumericEnum = Record<string, string | number>;

// "contact made" of CONTACT_MADE. A number that this build does not know is shown as such.
export function label(of: NumericEnum, value: number): string {
  const name = of[value];
  if (typeof name !== 'string') return `unknown (${value})`;
  return name.toLowerCase().replaceAll('_', ' ');
}

export const phaseWord = (phase: OperationPhase) => label(OperationPhase, phase).toUpperCase();
export const roleWord = (role: Role) => label(Role, role);
export const readinessWord = (status: ReadinessStatus) => label(ReadinessStatus, status).toUpperCase();
export const goWord = (state: GoState) => label(GoState, state);
export const acknowledgementWord = (status: AcknowledgementStatus) => label(AcknowledgementStatus, status);
export const conflictWord = (state: ConflictState) => label(ConflictState, state);
export const resolutionWord = (resolution: ConflictResolution) => label(ConflictResolution, resolution).toUpperCase();
export const targetWord = (kind: TargetKind) => label(TargetKind, kind);
export const sectionWord = (kind: SectionKind) => label(SectionKind, kind);
export const changeWord = (change: SectionChange) => label(SectionChange, change).toUpperCase();
export const statusWord = (status: TallyStatus) => label(TallyStatus, status);
export const releaseWord = (state: ReleaseState) => label(ReleaseState, state);
export const decisionWord = (decision: CountingDecision) => label(CountingDecision, decision);
export const duplicateWord = (decision: DuplicateDecision) => label(DuplicateDecision, decision);
export const figureWord = (figure: FigureKind) => label(FigureKind, figure);

export const classWord = (of: ObjectClass) => label(ObjectClass, of);
export const genderWord = (gender: Gender) => label(Gender, gender);
export const needWord = (need: VictimNeed) => label(VictimNeed, need);

// "arrest: buyer", "person recovered: minor": the group first, so that a list sorts itself.
export function categoryWord(category: TallyCategory): string {
  const word = label(TallyCategory, category);
  for (const group of ['arrest', 'person recovered', 'missing child', 'service', 'seized']) {
    if (word.startsWith(`${group} `)) return `${group}: ${word.slice(group.length + 1)}`;
  }
  return word;
}

const DISTANCES: Record<DistanceBand, string> = {
  [DistanceBand.UNSPECIFIED]: 'distance not known',
  [DistanceBand.OVERLAPPING]: 'the areas overlap',
  [DistanceBand.WITHIN_1_KM]: 'within 1 km',
  [DistanceBand.WITHIN_10_KM]: 'within 10 km',
  [DistanceBand.BEYOND_10_KM]: 'more than 10 km apart',
};
export const distanceWord = (band: DistanceBand) => DISTANCES[band] ?? `unknown (${band})`;

// "EXERCISE", "TEST"; empty for the real thing.
export function unrealWord(mode: OperationMode | undefined): string {
  if (mode === OperationMode.EXERCISE) return 'EXERCISE';
  if (mode === OperationMode.TEST) return 'TEST';
  return '';
}

// As it is written in a file: what nobody knows to be an exercise is not called one.
export function modeWord(mode: OperationMode | undefined): string {
  if (mode === OperationMode.ACTUAL) return 'ACTUAL';
  return unrealWord(mode) || 'MODE UNKNOWN';
}

// "+1 270 555 0117" of "+12705550117": as it is dialled and read aloud. Other countries' as they are.
export function phoneText(e164: string): string {
  return e164.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, '$1 $2 $3 $4');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
