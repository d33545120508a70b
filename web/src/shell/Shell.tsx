/** What stands around every page: where one can go, who one is, and whether it is live. */

import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { Menu, Moon, Search, Sun } from 'lucide-react';
import { Suspense, lazy, useEffect, useState } from 'react';
import { useLive, useLiveState } from '../api/live.ts';
import { me } from '../api/queries.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Button } from '../ui/kit.tsx';
import { Toasts } from '../ui/toast.tsx';
import { PLACES, type Place } from './places.ts';
import { switchTheme, useTheme } from './theme.ts';

const Palette = lazy(() => import('./Palette.tsx'));

type Open = 'palette' | 'keys' | 'menu';

export function Shell() {
  const [open, setOpen] = useState<Open>();
  const who = useQuery(me).data;
  useLive();
  useKeys(setOpen);
  const places = PLACES.filter((place) => who?.permissions.includes(place.needs));
  const close = () => setOpen(undefined);
  return (
    <div className="flex h-full">
      <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-card focus:p-2">
        Skip to the page
      </a>
      <aside className="hidden w-56 shrink-0 flex-col border-r bg-sunken lg:flex">
        <Side places={places} onSearch={() => setOpen('palette')} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex h-12 items-center gap-2 border-b bg-sunken px-3 lg:hidden">
          <Button tone="quiet" small aria-label="Menu" onClick={() => setOpen('menu')}>
            <Menu size={18} aria-hidden />
          </Button>
          <Brand />
          <span className="flex-1" />
          <Button tone="quiet" small aria-label="Search" onClick={() => setOpen('palette')}>
            <Search size={16} aria-hidden />
          </Button>
        </div>
        <main id="page" className="min-h-0 flex-1">
          <Outlet />
        </main>
      </div>
      {open === 'palette' ? (
        <Suspense>
          <Palette places={places} onClose={close} onKeys={() => setOpen('keys')} />
        </Suspense>
      ) : null}
      {open === 'keys' ? <Keys places={places} onClose={close} /> : null}
      {open === 'menu' ? (
        <Dialog title="Casare" onClose={close}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the links in it are what is pressed */}
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys press the links, which come here, too */}
          <div onClick={(event) => (event.target as Element).closest('a') && close()}>
            <Places places={places} />
            <Foot />
          </div>
        </Dialog>
      ) : null}
      <Toasts />
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2 font-semibold text-[15px] tracking-tight">
      <img src="/icon.svg" alt="" width={22} height={22} /> Casare
    </Link>
  );
}

function Side({ places, onSearch }: { places: Place[]; onSearch: () => void }) {
  return (
    <>
      <div className="flex h-14 items-center px-4">
        <Brand />
      </div>
      <div className="px-3 pb-2">
        <button
          type="button"
          onClick={onSearch}
          className="flex h-8 w-full items-center gap-2 rounded-md border bg-card px-2.5 text-soft hover:bg-hover"
        >
          <Search size={14} aria-hidden /> Search or do
          <kbd className="ml-auto text-[11px]">Ctrl K</kbd>
        </button>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-3">
        <Places places={places} />
      </div>
      <div className="border-t px-3 py-2">
        <Foot />
      </div>
    </>
  );
}

function Places({ places }: { places: Place[] }) {
  return (
    <nav aria-label="Main" className="pb-3">
      {(['Work', 'Operate', 'Manage'] as const).map((group) => (
        <div key={group} className="pt-2">
          <p className="px-2 pb-1 font-medium text-[11.5px] text-soft">{group}</p>
          {places
            .filter((place) => place.group === group)
            .map((place) => (
              <Link
                key={place.to}
                to={place.to}
                activeOptions={{ exact: place.to === '/', includeSearch: false }}
                className="flex h-8 items-center gap-2.5 rounded-md px-2 text-soft hover:bg-hover hover:text-text"
                activeProps={{ className: 'bg-accent-soft text-text! font-medium', 'aria-current': 'page' }}
              >
                <place.icon size={16} aria-hidden />
                {place.label}
              </Link>
            ))}
        </div>
      ))}
    </nav>
  );
}

function Foot() {
  const who = useQuery(me).data;
  const theme = useTheme();
  const isLive = useLiveState((state) => state.isLive);
  return (
    <div className="flex items-center gap-2">
      <Link to="/settings" className="min-w-0 flex-1 rounded px-1 hover:bg-hover">
        <span className="block truncate">{who?.name ?? ' '}</span>
        <span className="flex items-center gap-1.5 text-[12px] text-soft">
          <span className={`size-1.5 rounded-full ${isLive ? 'bg-good' : 'bg-warn'}`} aria-hidden />
          {isLive ? 'live' : 'connecting'} · {who?.role}
        </span>
      </Link>
      <Button tone="quiet" small aria-label={theme === 'dark' ? 'Light colours' : 'Dark colours'} onClick={switchTheme}>
        {theme === 'dark' ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
      </Button>
    </div>
  );
}

/** `g` and a letter go somewhere; `?` lists the keys. Not while something is typed. */
function useKeys(setOpen: (open: Open) => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goes = 0;
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
        event.preventDefault();
        setOpen('palette');
        return;
      }
      const at = event.target as Element;
      const isTyping = at.closest('input:not([type=checkbox]),textarea,select,[contenteditable=true],dialog,.dz');
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
        return;
      }
      if (event.key === '?') {
        setOpen('keys');
      } else if (event.key === '/') {
        event.preventDefault();
        setOpen('palette');
      } else if (event.key === 'g') {
        goes = event.timeStamp;
      } else if (event.timeStamp - goes < 1_000) {
        const place = PLACES.find((one) => one.key === event.key);
        goes = 0;
        if (place) {
          void navigate({ to: place.to });
        }
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [navigate, setOpen]);
}

function Keys({ places, onClose }: { places: Place[]; onClose: () => void }) {
  const rows: [string, string][] = [
    ['Ctrl K  or  /', 'Search or do'],
    ['?', 'This list'],
    ['↑ ↓  or  j k', 'From row to row'],
    ['Enter', 'Open the row'],
    ['x', 'Choose the row'],
    ['Esc', 'Close'],
    ...places.map((place): [string, string] => [`g ${place.key}`, place.label]),
  ];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="grid grid-cols-[8rem_1fr] gap-y-2">
        {rows.map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="rounded border bg-sunken px-1.5 py-0.5 font-mono text-[12px]">{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
