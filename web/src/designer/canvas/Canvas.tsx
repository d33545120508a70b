/** The drawing of the workflow: to look at, to move things in, and for the keyboard. */

import '@xyflow/react/dist/base.css';
import { Background, ReactFlow, ReactFlowProvider, ViewportPortal, useReactFlow, useStore } from '@xyflow/react';
import { Maximize, Minus, Plus, Redo2, Search, Undo2 } from 'lucide-react';
import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from 'react';
import { type Sight, actionOf, clipping, paste } from '../actions.ts';
import { Button } from '../controls.tsx';
import { type Layout, layOut } from '../model/layout.ts';
import { selectedSteps, useDesigner, useDesignerStore } from '../store.ts';
import { Find } from './Find.tsx';
import { Miniature } from './Miniature.tsx';
import { type Drag, DragProvider, labelOf, useCarried, useDrag } from './drag.ts';
import { type CanvasNode, NODE_TYPES, nodesOf } from './nodes.tsx';

export interface CanvasHandle {
  sight: Sight;
  drag: Drag;
  focus(): void;
}

/** Where the top of the workflow stands at first. */
const MARGIN = 48;
const CLOSEST = 1.6;
const FARTHEST = 0.08;
/** What a workflow is opened with at least: its beginning is to be read. */
const READABLE = 0.9;
/** Below this nobody can read small text. */
const FAR = 0.45;

export function Canvas({ handle }: { handle: RefObject<CanvasHandle | null> }) {
  return (
    <ReactFlowProvider>
      <Drawing handle={handle} />
    </ReactFlowProvider>
  );
}

function Drawing({ handle }: { handle: RefObject<CanvasHandle | null> }) {
  const store = useDesignerStore();
  const flow = useReactFlow();
  const area = useRef<HTMLDivElement>(null);
  const model = useDesigner((state) => state.model);
  const folded = useDesigner((state) => state.folded);
  const active = useDesigner((state) => state.active);
  const isReadable = useDesigner((state) => state.error === undefined);
  const layout = useMemo(() => layOut(model, folded), [model, folded]);
  const nodes = useMemo(() => nodesOf(layout), [layout]);
  const drag = useDrag(area, layout);
  const [isFinding, setFinding] = useState(false);
  const isFar = useStore((state) => state.transform[2] < FAR);
  const lasso = useLasso(area, layout);

  const fit = useCallback((least = FARTHEST) => {
    const box = area.current?.getBoundingClientRect();
    const { layout: now } = latest.current;
    if (!box) {
      return;
    }
    const room = (has: number, needs: number) => (has - 2 * MARGIN) / Math.max(1, needs);
    const zoom = Math.min(1, Math.max(least, Math.min(room(box.width, now.width), room(box.height, now.height))));
    void flow.setViewport({ x: Math.max(MARGIN, (box.width - now.width * zoom) / 2), y: MARGIN, zoom });
  }, [flow]);
  const latest = useRef({ layout, fit });
  latest.current = { layout, fit };

  const sight = useMemo<Sight>(
    () => ({
      fit: () => latest.current.fit(),
      zoom: (factor) => void flow.zoomTo(flow.getZoom() * factor),
      find: () => setFinding(true),
    }),
    [flow],
  );
  useImperativeHandle(handle, () => ({ sight, drag, focus: () => area.current?.focus({ preventScroll: true }) }), [
    sight,
    drag,
  ]);
  useReveal(area, latest);
  const view = useDesigner((state) => state.view);
  const drawn = useRef(view);
  useEffect(() => {
    if (drawn.current !== view) {
      drawn.current = view;
      // The room has changed, and is known with the next frame.
      requestAnimationFrame(() => {
        if (store.getState().active) {
          store.setState((state) => ({ revealed: state.revealed + 1 }));
        } else {
          latest.current.fit(READABLE);
        }
      });
    }
  }, [view, store]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || event.defaultPrevented) {
      return;
    }
    const isOnButton = event.target instanceof HTMLButtonElement;
    if (isOnButton && (event.key === 'Enter' || event.key === ' ')) {
      return;
    }
    const action = actionOf(event);
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      action.run(store, sight);
    }
  };

  return (
    <div
      ref={area}
      className={isFar ? 'dz-canvas dz-far' : 'dz-canvas'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the drawing takes the keyboard as a whole
      tabIndex={0}
      role="application"
      aria-label="Canvas: arrow keys go from step to step, / inserts one"
      aria-activedescendant={active ? `dz-${active}` : undefined}
      inert={!isReadable}
      onKeyDown={onKeyDown}
      onPointerDownCapture={lasso.begin}
      onPointerDown={() => area.current?.focus({ preventScroll: true })}
      onCopy={(event) => {
        const text = clipping(store.getState());
        if (text && !(event.target instanceof HTMLInputElement)) {
          event.preventDefault();
          event.clipboardData.setData('text/plain', text);
        }
      }}
      onCut={(event) => {
        const text = clipping(store.getState());
        if (text && !(event.target instanceof HTMLInputElement)) {
          event.preventDefault();
          event.clipboardData.setData('text/plain', text);
          store.getState().remove(selectedSteps(store.getState()));
        }
      }}
      onPaste={(event) => {
        if (!(event.target instanceof HTMLInputElement)) {
          event.preventDefault();
          paste(store, event.clipboardData.getData('text/plain'));
        }
      }}
    >
      <DragProvider value={drag}>
        <ReactFlow<CanvasNode>
          nodes={nodes}
          edges={NO_EDGES}
          nodeTypes={NODE_TYPES}
          minZoom={FARTHEST}
          maxZoom={CLOSEST}
          panOnScroll
          panActivationKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          deleteKeyCode={null}
          disableKeyboardA11y
          nodesDraggable={false}
          nodesConnectable={false}
          elementsSelectable={false}
          zoomOnDoubleClick={false}
          onlyRenderVisibleElements
          onInit={() => latest.current.fit(READABLE)}
          proOptions={{ hideAttribution: true }}
          onPaneClick={() => store.getState().select([])}
        >
          <Background gap={24} size={1.5} />
          <ViewportPortal>
            <svg className="dz-wires" width={layout.width} height={layout.height} aria-hidden>
              <path d={layout.wires} />
            </svg>
          </ViewportPortal>
          <Miniature layout={layout} />
        </ReactFlow>
        <Ghost drag={drag} />
      </DragProvider>
      {lasso.box ? <div className="dz-lasso" style={lasso.box} /> : null}
      <Tools sight={sight} />
      {isFinding ? (
        <Find
          onClose={() => {
            setFinding(false);
            area.current?.focus({ preventScroll: true });
          }}
        />
      ) : null}
      {model.steps.length === 0 && isReadable ? <Start /> : null}
    </div>
  );
}

const NO_EDGES: never[] = [];

/** Brings the active step into view whenever something asks for it. */
function useReveal(area: RefObject<HTMLElement | null>, latest: RefObject<{ layout: Layout }>): void {
  const flow = useReactFlow();
  const store = useDesignerStore();
  const revealed = useDesigner((state) => state.revealed);
  const active = useDesigner((state) => state.active);
  useEffect(() => {
    const box = area.current?.getBoundingClientRect();
    const placed = active ? latest.current.layout.byKey.get(active) : undefined;
    if (!box || !placed || (revealed === 0 && store.getState().selection.size === 0)) {
      return;
    }
    const { x, y, zoom } = flow.getViewport();
    const left = placed.x * zoom + x;
    const top = placed.y * zoom + y;
    const width = Math.min(placed.width, 264) * zoom;
    const height = placed.height * zoom;
    const into = (at: number, size: number, room: number) =>
      at < 20 ? 60 - at : at + size > room - 20 ? room - size - 60 - at : 0;
    const dx = into(left, width, box.width);
    const dy = into(top, height, box.height);
    if (dx !== 0 || dy !== 0) {
      void flow.setViewport({ x: x + dx, y: y + dy, zoom });
    }
  }, [revealed, active, area, flow, latest, store]);
}

/** Shift and drag over the background selects what is inside the box. */
function useLasso(area: RefObject<HTMLElement | null>, layout: Layout) {
  const flow = useReactFlow();
  const store = useDesignerStore();
  const [box, setBox] = useState<{ left: number; top: number; width: number; height: number }>();
  const begin = (event: PointerEvent) => {
    const target = event.target as HTMLElement;
    if (!event.shiftKey || event.button !== 0 || target.closest('.dz-card, .dz-plus, .dz-tools, .dz-find')) {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
    const from = { x: event.clientX, y: event.clientY };
    const edge = area.current?.getBoundingClientRect() ?? new DOMRect();
    const move = (next: globalThis.PointerEvent) =>
      setBox({
        left: Math.min(from.x, next.clientX) - edge.left,
        top: Math.min(from.y, next.clientY) - edge.top,
        width: Math.abs(next.clientX - from.x),
        height: Math.abs(next.clientY - from.y),
      });
    const up = (last: globalThis.PointerEvent) => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', up);
      setBox(undefined);
      const a = flow.screenToFlowPosition(from);
      const b = flow.screenToFlowPosition({ x: last.clientX, y: last.clientY });
      const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
      const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
      const inside = layout.steps.filter(
        (one) => one.x < right && one.x + one.width > left && one.y < bottom && one.y + one.height > top,
      );
      store.getState().select(inside.map((one) => one.step.key));
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', up);
  };
  return { box, begin };
}

/** What is in the hand, beside the pointer. */
function Ghost({ drag }: { drag: Drag }) {
  const cargo = useCarried((carried) => carried.cargo);
  return cargo ? (
    <div ref={drag.ghost} className="dz-ghost">
      {labelOf(cargo)}
    </div>
  ) : null;
}

function Tools({ sight }: { sight: Sight }) {
  const store = useDesignerStore();
  const undone = useDesigner((state) => state.past[state.past.length - 1]?.label);
  const redone = useDesigner((state) => state.future[0]?.label);
  return (
    <div className="dz-tools" role="toolbar" aria-label="Canvas">
      <Button tone="plain" label="Undo" title={undone ? `Undo: ${undone}` : 'Undo'} disabled={!undone} onClick={() => store.getState().undo()}>
        <Undo2 size={16} aria-hidden />
      </Button>
      <Button tone="plain" label="Do again" title={redone ? `Do again: ${redone}` : 'Do again'} disabled={!redone} onClick={() => store.getState().redo()}>
        <Redo2 size={16} aria-hidden />
      </Button>
      <Button tone="plain" label="Smaller" onClick={() => sight.zoom(0.8)}>
        <Minus size={16} aria-hidden />
      </Button>
      <Button tone="plain" label="Larger" onClick={() => sight.zoom(1.25)}>
        <Plus size={16} aria-hidden />
      </Button>
      <Button tone="plain" label="Show all of it" onClick={() => sight.fit()}>
        <Maximize size={16} aria-hidden />
      </Button>
      <Button tone="plain" label="Search in the workflow" onClick={() => sight.find()}>
        <Search size={16} aria-hidden />
      </Button>
    </div>
  );
}

function Start() {
  const store = useDesignerStore();
  return (
    <div className="dz-start">
      <p>
        A workflow is a list of steps that run from top to bottom.
        <br />
        Press <code>/</code> to search for the first one, or paste steps as text.
      </p>
      <Button
        tone="main"
        onClick={() => store.getState().show({ inserting: { list: store.getState().model.root, index: 0 } })}
      >
        <Plus size={16} aria-hidden /> Add the first step
      </Button>
    </div>
  );
}
