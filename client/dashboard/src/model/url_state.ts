// What the address says: which view of what, so that a view can be sent to a colleague and "back" works.
import { VIEWS, type ViewName } from './parts';

export type Theme = 'auto' | 'day' | 'night';

export interface UrlState {
  view: ViewName;
  operation: string;
  // USPS abbreviations and agency ids; empty: all.
  states: string[];
  agencies: string[];
  // The moment to which the timeline is wound back; undefined: now.
  moment?: number;
  theme: Theme;
  wall: boolean;
}

// No wider than what the protocol allows in these fields: whatever else an address holds is dropped.
const SLUG = /^[a-z](?:-?[a-z0-9])*$/;
const STATE = /^[A-Z]{2}$/;
const LIST_MAX = 60;

const list = (text: string | null, form: RegExp) =>
  [...new Set((text ?? '').split(',').filter((one) => one.length <= 63 && form.test(one)))].sort().slice(0, LIST_MAX);

export function parseUrl(search: string): UrlState {
  const query = new URLSearchParams(search);
  const view = query.get('view') as ViewName;
  const theme = query.get('theme');
  const operation = query.get('operation') ?? '';
  const moment = Date.parse(query.get('at') ?? '');
  return {
    view: VIEWS.includes(view) ? view : 'overview',
    operation: operation.length <= 63 && SLUG.test(operation) ? operation : '',
    states: list(query.get('states'), STATE),
    agencies: list(query.get('agencies'), SLUG),
    ...(Number.isNaN(moment) ? {} : { moment }),
    theme: theme === 'day' || theme === 'night' ? theme : 'auto',
    wall: query.get('wall') === '1',
  };
}

export function formatUrl(state: UrlState): string {
  const query: string[] = [];
  const add = (name: string, value: string) => value !== '' && query.push(`${name}=${value}`);
  if (state.view !== 'overview') add('view', state.view);
  add('operation', state.operation);
  add('states', state.states.join(','));
  add('agencies', state.agencies.join(','));
  if (state.moment !== undefined) add('at', new Date(state.moment).toISOString());
  if (state.theme !== 'auto') add('theme', state.theme);
  if (state.wall) add('wall', '1');
  return query.length === 0 ? '/' : `/?${query.join('&')}`;
}
