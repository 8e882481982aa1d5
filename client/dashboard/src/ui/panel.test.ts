import { createRawSnippet } from 'svelte';
import { render } from 'svelte/server';
import { expect, test } from 'vitest';
import type { Part } from '../model/snapshot';
import Panel from './Panel.svelte';

const children = createRawSnippet(() => ({ render: () => '<b>FIGURES</b>' }));
const panel = (part?: Part<unknown>) => render(Panel, { props: { title: 'Totals', needsPart: true, part, children } }).body;
const failing = { since: Date.parse('2021-08-26T19:03:22Z'), why: 'no answer in time' };

test('what has not been read is being read', () => {
  expect(panel()).toContain('Reading …');
});

test('what cannot be read again stays, and says so', () => {
  const shown = panel({ value: 1, readAt: 0, failing });
  expect(shown).toContain('NOT UP TO DATE: could not be read since 14:03:22, trying again (no answer in time).');
  expect(shown).toContain('FIGURES');
});

test('what never could be read shows no figures and does not say that it is being read', () => {
  const shown = panel({ failing });
  expect(shown).toContain('NOT READ YET: could not be read since 14:03:22');
  expect(shown).not.toMatch(/FIGURES|Reading/);
});

test('what is not for this viewer says why', () => {
  expect(panel({ absent: 'not for your role', readAt: 0 })).toContain('Not for your role in this operation.');
});
