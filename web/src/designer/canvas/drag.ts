/** Dragging steps: to another place, or from the list of nodes onto the canvas. */

import { useReactFlow } from '@xyflow/react';
import { type RefObject, createContext, useCallback, useContext, useEffect, useMemo, useRef } from 'react';
import { type StoreApi, createStore, useStore } from 'zustand';
import { copyText, withFreshIds } from '../model/arrange.ts';
import { type Layout, type PlacedSlot, nearestSlot } from '../model/layout.ts';
import { type Step, isWithin, titleOf } from '../model/tree.ts';
import { selectedSteps, useDesignerStore } from '../store.ts';

/** What is dragged: steps that are there, or the text of new ones. */
export type Cargo = { steps: Step[] } | { items: string; label: string };

/** How far the pointer moves before a press is a drag. */
const THRESHOLD = 5;
/** How close to the edge the canvas begins to move along, and how fast. */
const EDGE = 48;
const SPEED = 14;

export interface Drag {
  /** Begins with a press; what is dragged is decided when it has moved. */
  press(event: { clientX: number; clientY: number; pointerId: number }, cargo: () => Cargo): void;
  /** Apart from the rest, so that only what it concerns is drawn anew while the pointer moves. */
  carried: StoreApi<Carried>;
  ghost: RefObject<HTMLDivElement | null>;
}

/** What is in the hand. */
export interface Carried {
  cargo: Cargo | undefined;
  dragged: ReadonlySet<string>;
  /** Where it would go. */
  target: PlacedSlot | undefined;
}

const DragContext = createContext<Drag | undefined>(undefined);
export const DragProvider = DragContext.Provider;

export function useDragContext(): Drag {
  const drag = useContext(DragContext);
  if (!drag) {
    throw new Error('this part belongs onto a canvas');
  }
  return drag;
}

export function useCarried<T>(pick: (carried: Carried) => T): T {
  return useStore(useDragContext().carried, pick);
}

interface Pressed {
  x: number;
  y: number;
  pointer: number;
  cargo: () => Cargo;
  carried: Cargo | undefined;
}

const NOTHING: Carried = { cargo: undefined, dragged: new Set(), target: undefined };

/** One press at a time, over `area`, with the layout as it is now. */
export function useDrag(area: RefObject<HTMLElement | null>, layout: Layout): Drag {
  const store = useDesignerStore();
  const flow = useReactFlow();
  const ghost = useRef<HTMLDivElement>(null);
  const pressed = useRef<Pressed | undefined>(undefined);
  const latest = useRef(layout);
  latest.current = layout;
  const goal = useRef<PlacedSlot | undefined>(undefined);
  const carried = useMemo(() => createStore<Carried>(() => NOTHING), []);

  useEffect(() => {
    let frame = 0;
    let pointer = { x: 0, y: 0 };
    const end = () => {
      pressed.current = undefined;
      goal.current = undefined;
      cancelAnimationFrame(frame);
      frame = 0;
      carried.setState(NOTHING);
    };
    const draw = () => {
      frame = 0;
      const cargo = pressed.current?.carried;
      if (!cargo) {
        return;
      }
      if (ghost.current) {
        ghost.current.style.transform = `translate(${pointer.x + 12}px, ${pointer.y + 10}px)`;
      }
      const box = area.current?.getBoundingClientRect();
      if (box && panAtEdge(box, pointer)) {
        frame = requestAnimationFrame(draw);
      }
      const isOver = box && pointer.x >= box.left && pointer.x <= box.right && pointer.y >= box.top && pointer.y <= box.bottom;
      const slot = isOver
        ? nearestSlot(latest.current, flow.screenToFlowPosition(pointer), (one) => takes(one, cargo))
        : undefined;
      if (slot?.list !== goal.current?.list || slot?.index !== goal.current?.index) {
        goal.current = slot;
        carried.setState({ target: slot });
      }
    };
    const panAtEdge = (box: DOMRect, at: { x: number; y: number }): boolean => {
      const push = (from: number, to: number, where: number) =>
        where < from + EDGE ? SPEED : where > to - EDGE ? -SPEED : 0;
      const dx = push(box.left, box.right, at.x);
      const dy = push(box.top, box.bottom, at.y);
      if (dx === 0 && dy === 0) {
        return false;
      }
      const { x, y, zoom } = flow.getViewport();
      void flow.setViewport({ x: x + dx, y: y + dy, zoom });
      return true;
    };
    const move = (event: PointerEvent) => {
      const press = pressed.current;
      if (!press || event.pointerId !== press.pointer) {
        return;
      }
      if (!press.carried) {
        if (Math.hypot(event.clientX - press.x, event.clientY - press.y) < THRESHOLD) {
          return;
        }
        press.carried = press.cargo();
        carried.setState({ cargo: press.carried, dragged: keysOf(press.carried) });
      }
      pointer = { x: event.clientX, y: event.clientY };
      frame ||= requestAnimationFrame(draw);
    };
    const drop = (event: PointerEvent) => {
      const cargo = pressed.current?.carried;
      const slot = goal.current;
      if (event.pointerId === pressed.current?.pointer) {
        end();
        if (cargo && slot) {
          put(cargo, slot, event.altKey);
        }
      }
    };
    const put = (cargo: Cargo, slot: PlacedSlot, asCopy: boolean) => {
      const state = store.getState();
      if ('items' in cargo) {
        state.insert(slot, cargo.items, `Insert ${cargo.label}`);
      } else if (asCopy) {
        const items = withFreshIds(state.model, copyText(state.model, cargo.steps), state.catalogue.blocksOf);
        state.insert(slot, items, 'Copy');
      } else {
        state.move(cargo.steps, slot);
      }
      area.current?.focus({ preventScroll: true });
    };
    const cancel = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && pressed.current?.carried) {
        event.stopPropagation();
        end();
      }
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', drop);
    window.addEventListener('pointercancel', end);
    window.addEventListener('keydown', cancel, true);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', drop);
      window.removeEventListener('pointercancel', end);
      window.removeEventListener('keydown', cancel, true);
    };
  }, [area, flow, store, carried]);

  const press = useCallback<Drag['press']>((event, cargo) => {
    pressed.current = {
      x: event.clientX,
      y: event.clientY,
      pointer: event.pointerId,
      cargo,
      carried: undefined,
    };
  }, []);

  return useMemo(() => ({ press, carried, ghost }), [press, carried]);
}

function keysOf(cargo: Cargo): ReadonlySet<string> {
  return 'steps' in cargo ? new Set(cargo.steps.map((step) => step.key)) : NOTHING.dragged;
}

function takes(slot: PlacedSlot, cargo: Cargo): boolean {
  return 'items' in cargo || !cargo.steps.some((step) => slot.list.owner && isWithin(slot.list.owner, step));
}

export function labelOf(cargo: Cargo): string {
  if ('items' in cargo) {
    return cargo.label;
  }
  const [first] = cargo.steps;
  return cargo.steps.length === 1 && first ? titleOf(first) : `${cargo.steps.length} steps`;
}

/** What a press on a step drags: all that are selected, if it is one of them. */
export function cargoOf(store: ReturnType<typeof useDesignerStore>, key: string): Cargo {
  const state = store.getState();
  if (!state.selection.has(key)) {
    state.select([key]);
  }
  return { steps: selectedSteps(store.getState()) };
}
