/** The workflow as an indented list, for a glance and for screen readers. */

import { useVirtualizer } from '@tanstack/react-virtual';
import { AlertTriangle, CircleAlert } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { NodeIcon } from '../icons.tsx';
import { type Step, titleOf } from '../model/tree.ts';
import { useDesigner, useDesignerStore } from '../store.ts';

const ROW = 30;

export function Outline() {
  const store = useDesignerStore();
  const model = useDesigner((state) => state.model);
  const active = useDesigner((state) => state.active);
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => model.steps, [model]);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const at = rows.findIndex((step) => step.key === active);
  const go = (index: number) => {
    const step = rows[index];
    if (step) {
      store.getState().reveal(step.key);
      list.scrollToIndex(index);
    }
  };
  return (
    <div
      ref={scroll}
      className="dz-scroll dz-tree"
      style={{ height: '100%' }}
      role="tree"
      tabIndex={0}
      aria-label="Outline"
      aria-activedescendant={active ? `dz-outline-${active}` : undefined}
      onKeyDown={(event) => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by !== undefined) {
          event.preventDefault();
          go(Math.min(rows.length - 1, Math.max(0, at + by)));
        } else if (event.key === 'Enter' && at >= 0) {
          store.getState().enter('settings');
        }
      }}
    >
      {rows.length === 0 ? <p className="dz-empty">There are no steps yet.</p> : null}
      <div style={{ position: 'relative', height: list.getTotalSize() }}>
        {list.getVirtualItems().map((row) => {
          const step = rows[row.index] as Step;
          return <Row key={step.key} step={step} top={row.start} isActive={step.key === active} onChoose={() => go(row.index)} />;
        })}
      </div>
    </div>
  );
}

function Row({ step, top, isActive, onChoose }: { step: Step; top: number; isActive: boolean; onChoose: () => void }) {
  const problems = useDesigner((state) => state.problemsByKey.get(step.key));
  const icon = useDesigner((state) => state.catalogue.byName.get(step.use)?.icon);
  const state = useDesigner(({ shown }) => {
    const place = shown?.places.get(step.key);
    return place === undefined ? undefined : shown?.progress.steps.get(place)?.state;
  });
  const isWrong = problems?.some((problem) => problem.severity === 'error');
  const first = step.index === 0 && step.list.owner ? (step.list.name ?? step.list.block) : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keyboard
    <div
      id={`dz-outline-${step.key}`}
      className="dz-item"
      role="treeitem"
      tabIndex={-1}
      aria-level={step.depth + 1}
      aria-selected={isActive}
      data-selected={isActive || undefined}
      style={{ position: 'absolute', top, height: ROW, paddingLeft: 10 + step.depth * 16 }}
      onClick={onChoose}
    >
      <span className={state ? TONES[state] : 'dz-soft'} style={{ display: 'grid' }}>
        <NodeIcon name={icon} size={15} />
      </span>
      <span className="dz-grow dz-cut" style={step.isDisabled ? { textDecoration: 'line-through' } : undefined}>
        {first ? <span className="dz-small dz-soft">{first}: </span> : null}
        {titleOf(step)}
      </span>
      {problems ? (
        <span className={isWrong ? 'dz-tone-bad' : 'dz-tone-warn'} style={{ display: 'grid' }}>
          {isWrong ? <CircleAlert size={15} aria-label="has a problem" /> : <AlertTriangle size={15} aria-label="has a warning" />}
        </span>
      ) : null}
    </div>
  );
}

const TONES = { running: 'dz-tone-run', finished: 'dz-tone-good', failed: 'dz-tone-bad', skipped: 'dz-soft' };
