/** What stands on the canvas: cards of steps, frames of blocks, places to insert. */

import type { Node, NodeProps } from '@xyflow/react';
import {
  AlertTriangle,
  Ban,
  Check,
  ChevronDown,
  ChevronRight,
  CircleAlert,
  Filter,
  LoaderCircle,
  Plus,
  RotateCw,
  SkipForward,
  StickyNote,
  X,
} from 'lucide-react';
import { memo } from 'react';
import { took } from '../controls.tsx';
import { NodeIcon } from '../icons.tsx';
import type { Layout, PlacedList, PlacedSlot, PlacedStep } from '../model/layout.ts';
import { type Step, titleOf } from '../model/tree.ts';
import { useDesigner, useDesignerStore } from '../store.ts';
import { cargoOf, useCarried, useDragContext } from './drag.ts';

export type CanvasNode =
  | Node<{ placed: PlacedStep }, 'card'>
  | Node<{ placed: PlacedStep }, 'whole'>
  | Node<{ placed: PlacedList }, 'list'>
  | Node<{ slot: PlacedSlot }, 'slot'>;

const SLOT = 22;
/** Steps that took less are quick enough. */
const WORTH_TELLING_US = 1_000;
const FIXED = { draggable: false, selectable: false, focusable: false, connectable: false, deletable: false, handles: [] };

/** The layout as the canvas library takes it. Sizes are given, so that nothing has to be measured. */
export function nodesOf(layout: Layout): CanvasNode[] {
  const sized = (width: number, height: number) => ({ width, height, measured: { width, height } });
  const nodes: CanvasNode[] = [];
  for (const placed of layout.steps) {
    const { step, whole } = placed;
    const isOpen = step.lists.length > 0 && !placed.isFolded;
    if (isOpen) {
      nodes.push({
        id: `${step.key}/whole`,
        type: 'whole',
        position: { x: whole.x, y: whole.y },
        data: { placed },
        zIndex: step.depth * 2,
        ...sized(whole.width, whole.height),
        ...FIXED,
      });
    }
    nodes.push({
      id: step.key,
      type: 'card',
      position: { x: placed.x, y: placed.y },
      data: { placed },
      zIndex: 1_000,
      ...sized(placed.width, placed.height),
      ...FIXED,
    });
  }
  for (const placed of layout.lists) {
    nodes.push({
      id: placed.key,
      type: 'list',
      position: { x: placed.x, y: placed.y },
      data: { placed },
      zIndex: (placed.list.owner?.depth ?? 0) * 2 + 1,
      ...sized(placed.width, placed.height),
      ...FIXED,
    });
  }
  for (const slot of layout.slots) {
    const [width, height] = slot.isEmpty ? [264, 36] : [SLOT, SLOT];
    nodes.push({
      id: `+${slot.list.path.join('/')}/${slot.index}`,
      type: 'slot',
      position: { x: slot.x - width / 2, y: slot.y - height / 2 },
      data: { slot },
      zIndex: 1_001,
      ...sized(width, height),
      ...FIXED,
    });
  }
  return nodes;
}

function Whole() {
  return <div className="dz-whole" style={{ width: '100%', height: '100%' }} />;
}

function ListFrame({ data }: NodeProps<Extract<CanvasNode, { type?: 'list' }>>) {
  const { list } = data.placed;
  return (
    <div className="dz-list" style={{ width: '100%', height: '100%' }}>
      <span>{list.name === undefined ? list.block : `${list.block}: ${list.name}`}</span>
    </div>
  );
}

function SlotButton({ data }: NodeProps<Extract<CanvasNode, { type?: 'slot' }>>) {
  const { slot } = data;
  const store = useDesignerStore();
  const isTarget = useCarried(({ target }) => target?.list === slot.list && target.index === slot.index);
  const where = slot.list.owner ? `in ${slot.list.block} of ${titleOf(slot.list.owner)}` : 'here';
  return (
    <button
      type="button"
      tabIndex={-1}
      className="dz-plus nopan"
      data-empty={slot.isEmpty || undefined}
      data-target={isTarget || undefined}
      aria-label={`Insert a step ${where}, at ${slot.index + 1}`}
      onClick={() => store.getState().show({ inserting: { list: slot.list, index: slot.index } })}
    >
      <Plus size={14} aria-hidden />
      {slot.isEmpty ? 'Add a step' : null}
    </button>
  );
}

function Card({ data }: NodeProps<Extract<CanvasNode, { type?: 'card' }>>) {
  const { step, isFolded, hidden } = data.placed;
  const store = useDesignerStore();
  const drag = useDragContext();
  const isDragged = useCarried(({ dragged }) => dragged.has(step.key));
  const isSelected = useDesigner((state) => state.selection.has(step.key));
  const isActive = useDesigner((state) => state.active === step.key);
  const problems = useDesigner((state) => state.problemsByKey.get(step.key));
  const icon = useDesigner((state) => state.catalogue.byName.get(step.use)?.icon);
  const differs = useDesigner((state) => state.compared?.get(step.key));
  const progress = useStepProgress(step.key);
  const isWrong = problems?.some((problem) => problem.severity === 'error');
  const title = titleOf(step);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the canvas has the keyboard
    // biome-ignore lint/a11y/useSemanticElements: it is no part of a form
    <div
      id={`dz-${step.key}`}
      className="dz-card nopan"
      role="group"
      aria-roledescription="step"
      aria-labelledby={`dz-words-${step.key}`}
      aria-current={isActive || undefined}
      data-kind={step.use.startsWith('flow.') ? 'flow' : undefined}
      data-selected={isSelected || undefined}
      data-active={isActive || undefined}
      data-disabled={step.isDisabled || undefined}
      data-problem={problems ? (isWrong ? 'error' : 'warning') : undefined}
      data-state={progress?.state}
      data-change={differs}
      data-dragged={isDragged || undefined}
      title={problems?.map((problem) => problem.message).join('\n')}
      onPointerDown={(event) => {
        if (event.button === 0) {
          drag.press(event, () => cargoOf(store, step.key));
        }
      }}
      onClick={(event) => choose(store, step, event)}
      onDoubleClick={() => store.getState().enter('settings')}
    >
      <span className="dz-glyph">
        <NodeIcon name={icon} />
      </span>
      <span id={`dz-words-${step.key}`} className="dz-words">
        <strong>{title}</strong>
        <small>{step.name || step.id ? step.use : (step.note ?? summary(step))}</small>
        <span className="dz-hidden">{spoken(step, isSelected, progress?.state, problems?.length ?? 0)}</span>
      </span>
      <span className="dz-badges">
        {isFolded ? <span className="dz-count">{hidden}</span> : null}
        {step.isDisabled ? <Ban size={14} aria-label="disabled" /> : null}
        {step.note ? <StickyNote size={14} aria-label="has a note" /> : null}
        {step.node.has('when') ? <Filter size={14} aria-label="has a condition" /> : null}
        {step.node.has('retry') ? <RotateCw size={14} aria-label="is tried again" /> : null}
        {problems ? (
          <span data-tone={isWrong ? 'bad' : 'warn'}>
            {isWrong ? <CircleAlert size={16} aria-hidden /> : <AlertTriangle size={16} aria-hidden />}
          </span>
        ) : null}
        <Outcome stepKey={step.key} isDisabled={step.isDisabled} />
        {step.lists.length > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            className="dz-fold"
            aria-label={isFolded ? `Show what is in ${title}` : `Hide what is in ${title}`}
            onPointerDown={(event) => event.stopPropagation()}
            onClick={(event) => {
              event.stopPropagation();
              store.getState().fold(step.key);
            }}
          >
            {isFolded ? <ChevronRight size={16} aria-hidden /> : <ChevronDown size={16} aria-hidden />}
          </button>
        ) : null}
      </span>
    </div>
  );
}

function useStepProgress(key: string) {
  return useDesigner(({ shown }) => {
    const place = shown?.places.get(key);
    return place === undefined ? undefined : shown?.progress.steps.get(place);
  });
}

/** How a step of the run that is shown ended, how often, and how long it took. */
function Outcome({ stepKey, isDisabled }: { stepKey: string; isDisabled: boolean }) {
  const progress = useStepProgress(stepKey);
  if (!progress) {
    return null;
  }
  const { state, instances, failed } = progress;
  const many = instances.length > 1 ? `${instances.length}×` : null;
  switch (state) {
    case 'running':
      return (
        <span className="dz-row dz-small" data-tone="run">
          {many}
          <LoaderCircle size={16} className="dz-spin" aria-label="running" />
        </span>
      );
    case 'finished':
      return (
        <span className="dz-row dz-small" data-tone="good">
          {many ?? (progress.took >= WORTH_TELLING_US ? took(progress.took) : null)}
          <Check size={16} aria-label="done" />
        </span>
      );
    case 'failed':
      return (
        <span className="dz-row dz-small" data-tone="bad">
          {many ? `${failed} of ${many}` : null}
          <X size={16} aria-label="failed" />
        </span>
      );
    default:
      return isDisabled ? null : <SkipForward size={15} aria-label="skipped" />;
  }
}

/** The first setting, as far as it fits. */
function summary(step: Step): string {
  const settings = step.node.get('with', true);
  if (!settings || typeof settings !== 'object' || !('items' in settings)) {
    return step.use;
  }
  const first = (settings as { items: { value: unknown }[] }).items[0]?.value as { value?: unknown } | undefined;
  return first && 'value' in first && first.value !== null ? (String(first.value).split('\n')[0] ?? '') : step.use;
}

/** What the pictures and colours of a card say. */
function spoken(step: Step, isSelected: boolean, state: string | undefined, problems: number): string {
  const parts = [
    isSelected ? 'selected' : '',
    step.isDisabled ? 'disabled' : '',
    problems > 0 ? (problems === 1 ? '1 problem' : `${problems} problems`) : '',
    state ?? '',
    step.depth > 0 ? `level ${step.depth + 1}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function choose(
  store: ReturnType<typeof useDesignerStore>,
  step: Step,
  event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean },
): void {
  const state = store.getState();
  const anchor = state.active ? state.model.byKey.get(state.active) : undefined;
  if (event.shiftKey && anchor && anchor.list === step.list) {
    const [from, to] = [Math.min(anchor.index, step.index), Math.max(anchor.index, step.index)];
    state.select(
      step.list.steps.slice(from, to + 1).map((one) => one.key),
      step.key,
    );
  } else if (event.ctrlKey || event.metaKey) {
    const keys = new Set(state.selection);
    if (keys.has(step.key)) {
      keys.delete(step.key);
    } else {
      keys.add(step.key);
    }
    state.select([...keys], step.key);
  } else {
    state.select([step.key]);
  }
  if (state.side !== 'step' && state.side !== 'outline') {
    state.show({ side: 'step' });
  }
}

export const NODE_TYPES = { card: memo(Card), whole: memo(Whole), list: memo(ListFrame), slot: memo(SlotButton) };
