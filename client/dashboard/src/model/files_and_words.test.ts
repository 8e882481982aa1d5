import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { OperationMode } from '../gen/muster/v1/basics_pb';
import { TallyCategory, TallyEntryRecordSchema, TallyStatus } from '../gen/muster/v1/tally_pb';
import { csvFile, jsonFile, type About } from './export';
import { CORRECTIONS_MAX, ledgerOf } from './ledger';
import { signInTrouble } from './sign_in';
import { toTimestamp } from './times';

const about = (more: Partial<About> = {}): About => ({
  operationId: 'op',
  mode: OperationMode.EXERCISE,
  asOf: Date.parse('2021-08-27T03:00:00Z'),
  freshness: 'LIVE',
  filter: 'filtered: states KY',
  ...more,
});

test('both files carry the mode, the moment and the filter', () => {
  expect(csvFile(about(), ['state'], [['KY']])).toBe(
    'state,mode,as of,freshness,filter\r\nKY,EXERCISE,2021-08-27T03:00:00.000Z,LIVE,filtered: states KY\r\n',
  );
  expect(JSON.parse(jsonFile(about(), 'states', [{ state: 'KY' }]))).toEqual({
    operation_id: 'op',
    mode: 'EXERCISE',
    as_of: '2021-08-27T03:00:00.000Z',
    freshness: 'LIVE',
    filter: 'filtered: states KY',
    states: [{ state: 'KY' }],
  });
});

test('a mode that nobody knows is not called an exercise, and no filter is none', () => {
  const modes = [OperationMode.ACTUAL, OperationMode.TEST, OperationMode.UNSPECIFIED, 9 as OperationMode, undefined];
  const written = modes.map((mode) => (JSON.parse(jsonFile(about({ mode, filter: '' }), 'x', [])) as { mode: string }).mode);
  expect(written).toEqual(['ACTUAL', 'TEST', 'MODE UNKNOWN', 'MODE UNKNOWN', 'MODE UNKNOWN']);
  expect(JSON.parse(jsonFile(about({ filter: '' }), 'x', []))).toMatchObject({ filter: 'none' });
});

test('of more corrections than are held the latest stay, in any order, and that is said (rule T15)', () => {
  const records = Array.from({ length: CORRECTIONS_MAX + 3 }, (_, i) =>
    create(TallyEntryRecordSchema, {
      entry: { entryId: `e-${i}`, category: TallyCategory.ARREST_BUYER, count: 1, status: TallyStatus.CONFIRMED },
      reportedAt: toTimestamp(1000),
      reversal: { reason: 'EXERCISE', reversedAt: toTimestamp(10_000 + i) },
    }),
  );
  const view = ledgerOf(records).view();
  expect(view.corrections).toHaveLength(CORRECTIONS_MAX);
  expect([view.corrections[0]?.entryId, view.corrections.at(-1)?.entryId]).toEqual([`e-${CORRECTIONS_MAX + 2}`, 'e-3']);
  expect(view.correctionsLeftOut).toBe(true);
  expect(ledgerOf([...records].reverse()).view().corrections).toEqual(view.corrections);
  expect(ledgerOf([...records, ...records]).view()).toEqual(view);
  expect(ledgerOf(records.slice(3)).view().correctionsLeftOut).toBe(false);
});

test('a locked name is told from a gateway that was asked too often', () => {
  const refusal = { code: 'resource_exhausted', message: 'too many attempts from this address: wait a few seconds', reason: '' };
  const lock = signInTrouble({ ...refusal, message: 'locked', retryAfterMs: 900_000 }, 'password');
  expect(lock).toEqual({ text: 'Too many attempts with this name. Wait 15 min, then try again.', locked: true });
  expect(signInTrouble(refusal, 'password')).toEqual({ text: `Not tried: ${refusal.message}`, locked: false });
  expect(signInTrouble({ ...refusal, code: 'unauthenticated' }, 'code').text).toContain('code');
});
