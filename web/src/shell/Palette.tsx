/** The command palette: goes to a page, a workflow or a run. */

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { Activity, CirclePlus, Keyboard, SunMoon, Workflow } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { api, got } from '../api/client.ts';
import type { Place } from './places.ts';
import { switchTheme } from './theme.ts';

export default function Palette({
  places,
  onClose,
  onKeys,
}: {
  places: Place[];
  onClose: () => void;
  onKeys: () => void;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  useEffect(() => ref.current?.showModal(), []);
  const workflows = useQuery({
    queryKey: ['workflows', 'palette'],
    queryFn: () => got(api.GET('/api/v1/workflows', { params: { query: { limit: 500 } } })),
  });
  const go = (to: string) => {
    onClose();
    void navigate({ to });
  };
  const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(typed.trim());
  return (
    <dialog
      ref={ref}
      onClose={onClose}
      aria-label="Search or do"
      className="mt-[12vh]! w-[94vw] max-w-xl overflow-hidden rounded-xl border bg-card p-0 shadow-card"
    >
      <Command label="Search or do" loop>
        <Command.Input
          value={typed}
          onValueChange={setTyped}
          placeholder="Go to a page or a workflow, or paste the id of a run"
          className="h-12 w-full border-b bg-card px-4 text-[15px] outline-none placeholder:text-soft"
        />
        <Command.List className="max-h-[52vh] overflow-y-auto p-2" tabIndex={0}>
          <Command.Empty className="p-6 text-center text-soft">Nothing by that name.</Command.Empty>
          {isId ? (
            <Item value={`run ${typed}`} icon={<Activity size={15} />} onSelect={() => go(`/runs/${typed.trim()}`)}>
              Open the run {typed.trim()}
            </Item>
          ) : null}
          <Command.Group heading="Pages">
            {places.map((place) => (
              <Item
                key={place.to}
                value={`page ${place.label}`}
                icon={<place.icon size={15} />}
                onSelect={() => go(place.to)}
                hint={`g ${place.key}`}
              >
                {place.label}
              </Item>
            ))}
          </Command.Group>
          <Command.Group heading="Do">
            <Item value="new workflow" icon={<CirclePlus size={15} />} onSelect={() => go('/workflows?new=true')}>
              New workflow
            </Item>
            <Item
              value="switch colours dark light"
              icon={<SunMoon size={15} />}
              onSelect={() => {
                switchTheme();
                onClose();
              }}
            >
              Switch between dark and light
            </Item>
            <Item value="keys shortcuts" icon={<Keyboard size={15} />} onSelect={onKeys} hint="?">
              List the keys
            </Item>
          </Command.Group>
          {workflows.data?.items.length ? (
            <Command.Group heading="Workflows">
              {workflows.data.items.map((one) => (
                <Item
                  key={one.id}
                  value={`workflow ${one.name}`}
                  icon={<Workflow size={15} />}
                  onSelect={() => go(`/workflows/${encodeURIComponent(one.name)}`)}
                >
                  {one.name}
                </Item>
              ))}
            </Command.Group>
          ) : null}
        </Command.List>
      </Command>
    </dialog>
  );
}

function Item({
  value,
  icon,
  hint,
  onSelect,
  children,
}: {
  value: string;
  icon: ReactNode;
  hint?: string;
  onSelect: () => void;
  children: ReactNode;
}) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex h-9 items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-accent-soft"
    >
      <span className="text-soft" aria-hidden>
        {icon}
      </span>
      <span className="truncate">{children}</span>
      {hint ? <kbd className="ml-auto text-[11.5px] text-soft">{hint}</kbd> : null}
    </Command.Item>
  );
}
