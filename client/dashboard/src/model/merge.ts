// Several changes as one, so that a busy second costs a tab one message.
import { RECENT_MAX, type OperationPatch, type Patch } from './snapshot';

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
  // More than a tab keeps would be thrown away there.
  if (b.recent && !b.appended) delete merged.appended;
  else if (a.appended && b.appended && !b.recent) merged.appended = [...a.appended, ...b.appended].slice(-RECENT_MAX);
  return merged;
}
