// What is different between two versions of a plan, as this viewer may see them.
import type { PlanView, SectionView } from '../gen/muster/v1/plan_pb';

export type LineKind = 'same' | 'added' | 'removed';
export interface DiffLine {
  kind: LineKind;
  text: string;
}

export interface SectionDiff {
  sectionId: string;
  title: string;
  what: 'added' | 'removed' | 'changed' | 'same';
  lines: DiffLine[];
}

// Lines by the longest common subsequence. Sections have a few hundred lines at most; a longer one is shown whole, old
// then new, rather than freeze the page.
const LINES_MAX = 2000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  if (before === after) return a.map((text) => ({ kind: 'same', text }));
  if (a.length > LINES_MAX || b.length > LINES_MAX) {
    return [...a.map((text) => ({ kind: 'removed' as const, text })), ...b.map((text) => ({ kind: 'added' as const, text }))];
  }
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; --i) {
    for (let j = b.length - 1; j >= 0; --j) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i]! });
      ++i;
      ++j;
    } else if (i < a.length && (j === b.length || longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
      lines.push({ kind: 'removed', text: a[i]! });
      ++i;
    } else {
      lines.push({ kind: 'added', text: b[j]! });
      ++j;
    }
  }
  return lines;
}

export function diffPlans(before: PlanView, after: PlanView): SectionDiff[] {
  const old = new Map<string, SectionView>(before.sections.map((section) => [section.sectionId, section]));
  const diffs: SectionDiff[] = after.sections.map((section) => {
    const was = old.get(section.sectionId);
    old.delete(section.sectionId);
    const lines = diffLines(was?.body ?? '', section.body);
    if (was === undefined) {
      return { sectionId: section.sectionId, title: section.title, what: 'added', lines: lines.filter((l) => l.kind === 'added') };
    }
    const same = was.body === section.body && was.title === section.title;
    return { sectionId: section.sectionId, title: section.title, what: same ? 'same' : 'changed', lines };
  });
  for (const section of old.values()) {
    diffs.push({
      sectionId: section.sectionId,
      title: section.title,
      what: 'removed',
      lines: section.body.split('\n').map((text) => ({ kind: 'removed', text })),
    });
  }
  return diffs;
}
