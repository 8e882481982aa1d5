// A notice without the text of the plan, of which hundreds are kept in memory.
import type { Notice } from '../gen/muster/v1/submission_pb';

export function slim(notice: Notice): Notice {
  if (notice.content.case !== 'plan') return notice;
  const plan = notice.content.value;
  const sections = plan.sections.map((section) => ({ ...section, body: '' }));
  return { ...notice, content: { case: 'plan', value: { ...plan, sections } } };
}
