// The state and agency filter of the address. Empty lists let everything through.
import type { OperationView } from '../gen/muster/v1/operation_pb';

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

export function filterText(filter: Filter): string {
  const parts = [];
  if (filter.states.length > 0) parts.push(`states ${filter.states.join(', ')}`);
  if (filter.agencies.length > 0) parts.push(`agencies ${filter.agencies.join(', ')}`);
  return parts.join(' and ');
}
