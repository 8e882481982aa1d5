// Day, night or wall: what the address says, else what was chosen here last, else what the computer prefers.
import type { Theme } from '../model/url_state';

const KEY = 'muster-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

// What is drawn on a canvas must be drawn again.
export const THEME_CHANGED = 'muster-theme';

let last: { theme: Theme; wall: boolean } | undefined;
// Many computers change at dusk.
dark.addEventListener('change', () => last && applyTheme(last.theme, last.wall));

export function applyTheme(theme: Theme, wall: boolean): void {
  last = { theme, wall };
  const kept = localStorage.getItem(KEY);
  const chosen = theme !== 'auto' ? theme : kept === 'day' || kept === 'night' ? kept : dark.matches ? 'night' : 'day';
  document.documentElement.dataset.theme = chosen;
  dispatchEvent(new CustomEvent(THEME_CHANGED));
  document.documentElement.toggleAttribute('data-wall', wall);
}

export function rememberTheme(theme: Theme): void {
  if (theme === 'auto') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
}

export function currentTheme(): 'day' | 'night' {
  return document.documentElement.dataset.theme === 'night' ? 'night' : 'day';
}
