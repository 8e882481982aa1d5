// What tabs are told of a read that goes on failing.
import type { Touched } from '../model/parts';
import type { Failing, Patch, Snapshot } from '../model/snapshot';
import { refusalOf } from './calls';

function whyOf(error: unknown): string {
  const { code, message } = refusalOf(error);
  if (code === 'deadline_exceeded') return 'no answer in time';
  return message || 'no answer';
}

// What was read last stays beside it.
export function failingPatch(snapshot: Snapshot, error: unknown, operationId: string, part: Touched, since: number): Patch {
  const failing: Failing = { since, why: whyOf(error) };
  if (part === 'operations') return { listFailing: failing };
  if (part === 'conflicts') return { conflicts: { ...snapshot.conflicts, failing } };
  return { operations: { [operationId]: { parts: { [part]: { ...snapshot.operations[operationId]?.parts[part], failing } } } } };
}
