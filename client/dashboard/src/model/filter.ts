// The state and agency filter of the address. Empty lists let everything through.
import type { OperationView } from '../gen/muster/v1/operation_pb';
import type { Notice } from '../gen/muster/v1/submission_pb';
import { agenciesOf, statesOf } from './notice_text';

export interface Filter {
  states: readonly string[];
  agencies: readonly string[];
}

export const isOn = (filter: Filter) => filter.states.length > 0 || filter.agencies.length > 0;

// The states of an agency's sites in this operation.
export function statesOfAgencies(view: OperationView): Map<string, Set<string>> {
  const stateOf = new Map(view.sites.map((site) => [site.siteId, site.state]));
  return new Map(
    view.participants.map((one) => [
      one.agencyId,
      new Set(one.siteIds.map((id) => stateOf.get(id)).filter((state) => state !== undefined)),
    ]),
  );
}

export function letsState(filter: Filter, state: string): boolean {
  return filter.states.length === 0 || filter.states.includes(state);
}

export function letsAgency(filter: Filter, agencyId: string, states: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  if (filter.agencies.length > 0 && !filter.agencies.includes(agencyId)) return false;
  if (filter.states.length === 0) return true;
  const own = states.get(agencyId);
  return own !== undefined && filter.states.some((state) => own.has(state));
}

// A filter of deliveries. What names neither an agency nor a state concerns everybody, and always passes: a GO is not to be
// filtered away.
export function noticeFilter(filter: Filter, view: OperationView): (notice: Pick<Notice, 'content'>) => boolean {
  if (!isOn(filter)) return () => true;
  const byAgency = statesOfAgencies(view);
  const bySite = new Map(view.sites.map((site) => [site.siteId, site.state]));
  return (notice) => {
    const agencies = agenciesOf(notice).filter((one) => one !== '');
    const states = statesOf(notice, bySite);
    if (agencies.length === 0 && states.length === 0) return true;
    if (filter.agencies.length > 0 && !agencies.some((one) => filter.agencies.includes(one))) return false;
    if (filter.states.length === 0) return true;
    // Where it happened counts; only without a place, where its agencies are.
    if (states.length > 0) return states.some((one) => filter.states.includes(one));
    return agencies.some((one) => letsAgency({ states: filter.states, agencies: [] }, one, byAgency));
  };
}

export function filterText(filter: Filter): string {
  const parts = [];
  if (filter.states.length > 0) parts.push(`states ${filter.states.join(', ')}`);
  if (filter.agencies.length > 0) parts.push(`agencies ${filter.agencies.join(', ')}`);
  return parts.join(' and ');
}
