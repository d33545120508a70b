/** The designer: making, checking, running and publishing one workflow. */

import './designer.css';
import { useQuery } from '@tanstack/react-query';
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { Bar, Notices } from './Bar.tsx';
import { ImportDialog } from './ImportDialog.tsx';
import { KeysDialog } from './KeysDialog.tsx';
import { PublishDialog } from './PublishDialog.tsx';
import { Canvas, type CanvasHandle } from './canvas/Canvas.tsx';
import { type Opened, open, useKeeping, useOthers } from './drafts.ts';
import { type Catalogue, catalogueOf } from './model/catalogue.ts';
import { Palette } from './palette/Palette.tsx';
import { StepPanel } from './panel/StepPanel.tsx';
import { RunBar } from './run/RunBar.tsx';
import { RunDialog } from './run/RunDialog.tsx';
import { useWatch } from './run/watch.ts';
import { server } from './server.ts';
import { Library } from './side/Library.tsx';
import { Outline } from './side/Outline.tsx';
import { Problems, useCheck } from './side/Problems.tsx';
import { Runs } from './side/Runs.tsx';
import { Versions } from './side/Versions.tsx';
import { DesignerProvider, type Side, createDesigner, useDesigner, useDesignerStore } from './store.ts';
import { TextView } from './text/lazy.tsx';

/** The page `/workflows/$workflow/edit`; `workflow` is the name of one that there is or will be. */
export function Designer({ workflow }: { workflow: string }) {
  const catalogue = useQuery({
    queryKey: ['designer', 'catalogue'],
    queryFn: async ({ signal }) => catalogueOf(await server.catalogue(signal)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const opened = useQuery({
    queryKey: ['designer', workflow, 'opened'],
    queryFn: () => open(workflow),
    // What is being edited must not change under the hands.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const error = catalogue.error ?? opened.error;
  if (error && !(catalogue.data && opened.data)) {
    return (
      <div className="dz" role="alert">
        <p className="dz-empty dz-tone-bad">The designer cannot be opened: {error.message}</p>
      </div>
    );
  }
  if (!catalogue.data || !opened.data) {
    return (
      <div className="dz" role="status">
        <p className="dz-empty">Opening {workflow}…</p>
      </div>
    );
  }
  return <Ready key={workflow} workflow={workflow} catalogue={catalogue.data} opened={opened.data} />;
}

export default Designer;

function Ready({ workflow, catalogue, opened }: { workflow: string; catalogue: Catalogue; opened: Opened }) {
  // Made once: what is asked again meanwhile must not take away what is being edited.
  const [store] = useState(() =>
    createDesigner({
      workflow,
      catalogue,
      text: opened.text,
      base: opened.base,
      published: opened.published,
      revision: opened.revision,
      keeping: { state: 'kept', at: opened.changed },
    }),
  );
  return (
    <DesignerProvider value={store}>
      <Whole />
    </DesignerProvider>
  );
}

type Open = 'run' | 'publish' | 'import' | 'keys';

function Whole() {
  const store = useDesignerStore();
  const canvas = useRef<CanvasHandle>(null);
  const root = useRef<HTMLDivElement>(null);
  const [dialog, setDialog] = useState<Open>();
  const view = useDesigner((state) => state.view);
  const isInserting = useDesigner((state) => state.inserting !== undefined);
  useCheck();
  useKeeping();
  useOthers();
  useWatch();
  const isCovered = isInserting || dialog !== undefined;
  useEffect(() => {
    // A dialog that goes leaves the keyboard nowhere.
    if (!isCovered) {
      canvas.current?.focus();
    }
  }, [isCovered]);
  const close = () => setDialog(undefined);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that hold wherever the keyboard is
    <div
      ref={root}
      className="dz"
      onKeyDown={(event) => {
        const isOrder = event.ctrlKey || event.metaKey;
        if (isOrder && event.key === 'Enter' && store.getState().error === undefined) {
          event.preventDefault();
          setDialog('run');
        } else if (isOrder && event.key === 's') {
          // It is kept all the time; saving the page would help nobody.
          event.preventDefault();
        } else if (event.key === 'Escape' && !event.defaultPrevented && event.target !== document.body) {
          canvas.current?.focus();
        }
      }}
    >
      <div>
        <Bar onOpen={setDialog} />
        <Notices />
      </div>
      <div className="dz-work">
        <div className="dz-main" data-view={view}>
          {view === 'text' ? null : <Canvas handle={canvas} />}
          {view === 'canvas' ? null : <TextView />}
        </div>
        <Grip root={root} />
        <SidePanel canvas={() => canvas.current} />
      </div>
      <RunBar />
      {isInserting ? <Palette /> : null}
      {dialog === 'run' ? <RunDialog onClose={close} /> : null}
      {dialog === 'import' ? <ImportDialog onClose={close} /> : null}
      {dialog === 'keys' ? <KeysDialog onClose={close} /> : null}
      {dialog === 'publish' ? (
        <PublishDialog
          onClose={close}
          onPublished={(version) => {
            store.getState().show({ notice: { text: `Version ${version} is published.`, tone: 'info' } });
            close();
          }}
        />
      ) : null}
    </div>
  );
}

const SIDES: { side: Side; label: string }[] = [
  { side: 'step', label: 'Step' },
  { side: 'nodes', label: 'Nodes' },
  { side: 'outline', label: 'Outline' },
  { side: 'problems', label: 'Problems' },
  { side: 'versions', label: 'Versions' },
  { side: 'runs', label: 'Runs' },
];

function SidePanel({ canvas }: { canvas: () => CanvasHandle | null }) {
  const store = useDesignerStore();
  const side = useDesigner((state) => state.side);
  const problems = useDesigner((state) => state.problems.length);
  const isWrong = useDesigner((state) => state.problems.some((problem) => problem.severity === 'error'));
  return (
    <aside className="dz-side" aria-label="About the workflow">
      <div className="dz-tabs" role="tablist" aria-label="About the workflow">
        {SIDES.map((one, index) => (
          <button
            key={one.side}
            id={`dz-tab-${one.side}`}
            type="button"
            role="tab"
            aria-selected={side === one.side}
            aria-controls="dz-side"
            tabIndex={side === one.side ? 0 : -1}
            onClick={() => store.getState().show({ side: one.side })}
            onKeyDown={(event) => {
              const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              const next = by && SIDES[(index + by + SIDES.length) % SIDES.length];
              if (next) {
                store.getState().show({ side: next.side });
                document.getElementById(`dz-tab-${next.side}`)?.focus();
              }
            }}
          >
            {one.label}
            {one.side === 'problems' && problems > 0 ? (
              <span className="dz-count" data-tone={isWrong ? 'bad' : 'warn'}>
                {problems}
              </span>
            ) : null}
          </button>
        ))}
      </div>
      <div id="dz-side" className="dz-scroll" role="tabpanel" aria-labelledby={`dz-tab-${side}`}>
        {side === 'step' ? <StepPanel /> : null}
        {side === 'nodes' ? <Library canvas={canvas} /> : null}
        {side === 'outline' ? <Outline /> : null}
        {side === 'problems' ? <Problems /> : null}
        {side === 'versions' ? <Versions /> : null}
        {side === 'runs' ? <Runs /> : null}
      </div>
    </aside>
  );
}

const NARROWEST = 300;
const WIDEST = 760;

/** Makes the side wider or narrower, by pointer and by arrow keys. */
function Grip({ root }: { root: { current: HTMLDivElement | null } }) {
  const width = () => Number.parseInt(root.current?.style.getPropertyValue('--dz-side') || '380', 10);
  const set = (next: number) =>
    root.current?.style.setProperty('--dz-side', `${Math.min(WIDEST, Math.max(NARROWEST, next))}px`);
  const begin = (event: PointerEvent) => {
    const from = { x: event.clientX, width: width() };
    const grip = event.currentTarget;
    grip.setPointerCapture(event.pointerId);
    const move = (next: Event) => set(from.width - ((next as globalThis.PointerEvent).clientX - from.x));
    grip.addEventListener('pointermove', move);
    grip.addEventListener('pointerup', () => grip.removeEventListener('pointermove', move), { once: true });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved
    <div
      className="dz-grip"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the side"
      aria-valuenow={380}
      aria-valuemin={NARROWEST}
      aria-valuemax={WIDEST}
      onPointerDown={begin}
      onKeyDown={(event) => {
        const by = { ArrowLeft: 24, ArrowRight: -24 }[event.key];
        if (by) {
          set(width() + by);
        }
      }}
    />
  );
}
