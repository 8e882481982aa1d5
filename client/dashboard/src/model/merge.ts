// Several changes as one, so that a busy second costs a tab one message.
import type { OperationPatch, Patch } from './snapshot';

function mergeOperation(a: OperationPatch | undefined, b: OperationPatch): OperationPatch {
  return {
    ...a,
    ...b,
    ...(a?.parts || b.parts ? { parts: { ...a?.parts, ...b.parts } } : {}),
    ...(a?.heard || b.heard ? { heard: { ...a?.heard, ...b.heard } } : {}),
  };
}

export function mergePatches(a: Patch | undefined, b: Patch): Patch {
  if (a === undefined) return b;
  const merged: Patch = { ...a, ...b };
  if (a.operations && b.operations) {
    merged.operations = { ...a.operations };
    for (const [id, one] of Object.entries(b.operations)) merged.operations[id] = mergeOperation(a.operations[id], one);
  }
  if (a.appended && b.appended) merged.appended = [...a.appended, ...b.appended];
  return merged;
}
