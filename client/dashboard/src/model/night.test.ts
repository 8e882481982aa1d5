// Who is missed, what passes a filter, how the past is joined, and what the after-action report says.
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { OperationPhase, OperationViewSchema, PresenceSchema, Role } from '../gen/muster/v1/operation_pb';
import { GoState, ReadinessBoardSchema, ReadinessStatus } from '../gen/muster/v1/readiness_pb';
import { NoticeSchema, type Notice } from '../gen/muster/v1/submission_pb';
import { TallyEntryRecordSchema, TallyTotalsSchema } from '../gen/muster/v1/tally_pb';
import { GetVictimServicesResponseSchema, ReferralState } from '../gen/muster/v1/victims_pb';
import { noticeFilter } from './filter';
import { troubleText } from './freshness';
import { joined, type Past } from './past';
import { presenceLook, presenceRows } from './presence';
import { afterAction } from './report';
import type { FeedItem } from './snapshot';
import { countdown, toTimestamp, when } from './times';
import { calendarDay, languageWord, readsVictimServices, referralsByUrgency } from './victims';

const MINUTE = 60_000;
const NOW = Date.parse('2021-08-27T05:00:00Z');
const view = (phase: OperationPhase) =>
  create(OperationViewSchema, {
    phase,
    leadAgencyId: 'mo-ago',
    sites: [['a', 'MO'], ['b', 'KY'], ['c', 'TN']].map(([siteId, state]) => ({ siteId, state })),
    participants: [['mo-ago', Role.LEAD, 'a'], ['ky-ago', Role.PARTICIPANT, 'b'], ['tn-tbi', Role.PARTICIPANT, 'c'], ['house', Role.VICTIM_SERVICES, '']].map(
      ([agencyId, role, site]) => ({ agencyId: agencyId as string, role: role as Role, siteIds: site === '' ? [] : [site as string] }),
    ),
  });

let made = 0;
function item(at: number, content: Notice['content'], operationId = 'op'): FeedItem {
  const notice = create(NoticeSchema, { operationId });
  notice.content = content;
  const number = ++made;
  return { number, at, cursor: `c${number}`, previous: `c${number - 1}`, operationId, notice };
}

describe('who is connected', () => {
  const presence = (agencyId: string, openFeeds: number, last?: number) =>
    create(PresenceSchema, { agencyId, openFeeds, ...(openFeeds > 0 ? { connectedSince: toTimestamp(NOW - 9 * MINUTE) } : {}), ...(last === undefined ? {} : { lastHeardAt: toTimestamp(last) }) });
  const list = {
    countedSince: NOW - 60 * MINUTE,
    presence: [presence('mo-ago', 1, NOW), presence('ky-ago', 0, NOW - 5 * MINUTE), presence('tn-tbi', 0, NOW - 3 * MINUTE), presence('house', 0)],
  };
  const readiness = (tn: ReadinessStatus) =>
    create(ReadinessBoardSchema, { sites: [{ siteId: 'b', status: ReadinessStatus.READY }, { siteId: 'c', status: tn }] });

  test('whose site GO waits for comes first, then the longest silent, then who is there', () => {
    const rows = presenceRows({ view: view(OperationPhase.ARMED), list, readiness: readiness(ReadinessStatus.NOT_READY) });
    expect(rows.map((row) => [row.agencyId, row.state, row.missedFor])).toEqual([
      ['tn-tbi', 'silent', 'required for GO: c'],
      ['house', 'unheard', ''],
      ['ky-ago', 'silent', ''],
      ['mo-ago', 'connected', ''],
    ]);
    expect(presenceLook(rows[0]!, NOW)).toMatchObject({ word: 'SILENT', length: '3 min', tone: 'warn' });
    expect(presenceLook(rows[1]!, NOW)).toMatchObject({ word: 'NOT HEARD', length: 'at least 1 h', tone: 'plain' });
    expect(presenceLook(rows[3]!, NOW)).toMatchObject({ word: 'CONNECTED', length: '9 min', tone: 'good' });
  });
  test('from GO on it is the state that has given no figure', () => {
    const totals = create(TallyTotalsSchema, { arrestsCoverage: { statesReporting: ['TN', 'MO'], statesNotReported: ['KY'] } });
    const rows = presenceRows({ view: view(OperationPhase.REPORTING), list, readiness: readiness(ReadinessStatus.COMPLETE), totals });
    expect(rows[0]).toMatchObject({ agencyId: 'ky-ago', missedFor: 'no figure from KY yet' });
  });
  test('what nobody can say is not said to be silence', () => {
    expect(presenceRows({ view: view(OperationPhase.ARMED) }).every((row) => row.state === 'unknown')).toBe(true);
  });
});

describe('the filter of deliveries', () => {
  const passes = (states: string[], agencies: string[], content: Notice['content']) => noticeFilter({ states, agencies }, view(OperationPhase.ARMED))({ content });
  const tally = (siteId: string, agencyId: string): Notice['content'] => ({ case: 'tallyEntry', value: create(TallyEntryRecordSchema, { entry: { siteId, primaryAgencyId: agencyId }, reportedBy: { agencyId } }) });
  test('by state: where it happened, whoever reported it', () => {
    expect(passes(['KY'], [], tally('b', 'mo-ago'))).toBe(true);
    expect(passes(['KY'], [], tally('a', 'ky-ago'))).toBe(false);
  });
  test('by state and agency: both', () => {
    expect(passes(['KY'], ['ky-ago'], tally('b', 'ky-ago'))).toBe(true);
    expect(passes(['KY'], ['mo-ago'], tally('b', 'ky-ago'))).toBe(false);
  });
  test('a GO, and whatever else concerns everybody, is not filtered away', () => {
    expect(passes(['KY'], ['ky-ago'], { case: 'readiness', value: create(ReadinessBoardSchema, { go: { state: GoState.GIVEN } }) })).toBe(true);
  });
});

describe('past and present', () => {
  const phase = (at: number, operationId = 'op') => item(at, { case: 'operation', value: view(OperationPhase.ARMED) }, operationId);
  const all = Array.from({ length: 10 }, (_, i) => phase(i, i % 3 === 2 ? 'other' : 'op'));
  const past = (upTo: number): Past => ({ items: all.slice(0, upTo).filter((one) => one.operationId === 'op'), last: all[upTo - 1]!.cursor });
  test('are joined by their places in the feed, without the other operations', () => {
    const whole = joined(past(4), all.slice(2), 'op');
    expect(whole?.items.map((one) => one.cursor)).toEqual(all.filter((one) => one.operationId === 'op').map((one) => one.cursor));
    expect(whole?.last).toBe(all[9]!.cursor);
    expect(joined(past(4), all.slice(4), 'op')?.items).toHaveLength(whole!.items.length);
  });
  test('two deliveries that say the same are two', () => {
    const [one, two] = [phase(5), phase(5)] as [FeedItem, FeedItem];
    expect(joined({ items: [one], last: one.cursor }, [one, two], 'op')?.items).toHaveLength(2);
  });
  test('the past may be ahead of the stream', () => {
    expect(joined(past(9), all.slice(3, 6), 'op')).toEqual(past(9));
  });
  test('with a hole between them, or in the stream, the past must be read again', () => {
    expect(joined(past(3), all.slice(5), 'op')).toBeUndefined();
    expect(joined(past(3), [...all.slice(3, 5), ...all.slice(7)], 'op')).toBeUndefined();
  });
});

describe('the after-action report', () => {
  const order = (at: number, state: GoState, reason = '') =>
    item(at, { case: 'readiness', value: create(ReadinessBoardSchema, { go: { state, epoch: 1, reason, ...(state === GoState.NOT_GIVEN ? {} : { givenAt: toTimestamp(at) }) } }) });
  test('says how long each hold lasted, and that an abort was final', () => {
    const { holds } = afterAction([order(1000, GoState.HELD, 'a bystander'), order(1000, GoState.HELD, 'a bystander'), order(61_000, GoState.NOT_GIVEN), order(90_000, GoState.ABORTED, 'enough')]);
    expect(holds).toEqual([
      { at: 1000, epoch: 1, reason: 'a bystander', aborted: false, lastedMs: 60_000 },
      { at: 90_000, epoch: 1, reason: 'enough', aborted: true },
    ]);
  });
  test('names who waived what, once for each epoch', () => {
    const waived = (epoch: number) => item(epoch * 1000, { case: 'readiness', value: create(ReadinessBoardSchema, { sites: [{ siteId: 'c', waiver: { siteId: 'c', approverName: 'Chief', reason: 'flood', epoch } }] }) });
    expect(afterAction([waived(1), waived(1), waived(2)]).waivers.map((one) => [one.siteId, one.epoch, one.approver])).toEqual([['c', 1, 'Chief'], ['c', 2, 'Chief']]);
  });
});

describe('victim services', () => {
  test('what waits for an answer comes first, and a ticket says nothing of a person', () => {
    const { referrals } = create(GetVictimServicesResponseSchema, { referrals: [ReferralState.COMPLETED, ReferralState.ACCEPTED, ReferralState.REQUESTED, ReferralState.DECLINED].map((state, i) => ({ ticket: `${i}`, state })) });
    expect(referralsByUrgency(referrals).map((one) => one.state)).toEqual([ReferralState.REQUESTED, ReferralState.DECLINED, ReferralState.ACCEPTED, ReferralState.COMPLETED]);
  });
  test('the view is offered to those whom section 7 lets read it', () => {
    const of = (role: Role) => readsVictimServices(create(OperationViewSchema, { participants: [{ agencyId: 'x', role }] }), 'x');
    expect([Role.LEAD, Role.PARTICIPANT, Role.PROSECUTOR, Role.VICTIM_SERVICES, Role.AUDITOR].every(of)).toBe(true);
    expect([Role.WATCH_DESK, Role.OBSERVER, Role.PUBLIC_INFORMATION].some(of)).toBe(false);
  });
  test('days and languages are words', () => {
    expect(calendarDay(undefined)).toBe('not stated');
    expect([languageWord('es'), languageWord(''), languageWord('zz9')]).toEqual(['Spanish', 'not stated', 'zz9']);
  });
});

describe('words for a tired reader', () => {
  test('a time of today has no date, and one of another day no seconds', () => {
    expect(when(Date.parse('2021-08-27T04:00:05Z'), 'Thu 26 Aug')).toBe('23:00:05');
    expect(when(Date.parse('2021-08-27T04:00:05Z'), 'Fri 27 Aug')).toBe('26 Aug 23:00');
  });
  test('years after, nobody counts seconds', () => {
    expect(countdown(0, 1913 * 86_400_000 + 9 * 3_600_000 + 123_000)).toBe('H+1913 d 9 h');
  });
  test('what a library says of a broken line is put into words', () => {
    expect(troubleText('127.0.0.1:42729: failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1')).toBe('the broker cannot be reached');
    expect(troubleText('Failed to fetch')).toBe('the gateway cannot be reached');
    expect(troubleText('the feed fell silent')).toBe('the feed fell silent');
  });
});
