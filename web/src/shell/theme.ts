/** Light or dark: as the person chose, else as the system is. `public/theme.js` sets it at first. */

import { create } from 'zustand';

export type Theme = 'light' | 'dark';

const now = (): Theme => (document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light');
const useStore = create<{ theme: Theme }>(() => ({ theme: now() }));

export function useTheme(): Theme {
  return useStore((state) => state.theme);
}

export function switchTheme(): void {
  const theme = now() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('casare-theme', theme);
  useStore.setState({ theme });
}
