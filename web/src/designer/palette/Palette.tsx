/** Choosing a node by a few letters, from the keyboard alone. */

import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { Says, useModal } from '../controls.tsx';
import { NodeIcon } from '../icons.tsx';
import { type NodeSpec, newStep, search } from '../model/catalogue.ts';
import { titleOf } from '../model/tree.ts';
import { useDesigner, useDesignerStore } from '../store.ts';

/** More than that nobody reads. */
const MOST = 60;

export function Palette() {
  const store = useDesignerStore();
  const slot = useDesigner((state) => state.inserting);
  const nodes = useDesigner((state) => state.catalogue.nodes);
  const recent = useDesigner((state) => state.model);
  const ref = useModal();
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(query);
  const found = useMemo(() => {
    if (asked.trim() !== '') {
      return search(nodes, asked).slice(0, MOST);
    }
    // What this workflow uses already comes first: workflows repeat themselves.
    const used = new Set(recent.steps.map((step) => step.use));
    return [...nodes.filter((node) => used.has(node.name)), ...nodes.filter((node) => !used.has(node.name))];
  }, [nodes, asked, recent]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });
  const close = () => store.getState().show({ inserting: undefined });
  const choose = (node: NodeSpec | undefined) => {
    if (node && slot) {
      store.getState().insert(slot, newStep(node), `Insert ${node.name}`);
      store.getState().show({ inserting: undefined, side: 'step' });
      store.setState((state) => ({ revealed: state.revealed + 1 }));
    }
  };
  const where = slot?.list.owner ? `into ${slot.list.name ?? slot.list.block} of “${titleOf(slot.list.owner)}”` : '';
  return (
    <dialog
      ref={ref}
      className="dz-dialog dz-palette"
      aria-label={`Insert a step ${where}`}
      onCancel={close}
      onClick={(event) => event.target === event.currentTarget && close()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <input
        className="dz-palette-query"
        role="combobox"
        aria-expanded
        aria-controls="dz-nodes"
        aria-activedescendant={found[at] ? `dz-node-${at}` : undefined}
        aria-label="Search for a node"
        placeholder={`What should happen? Insert ${where || 'a step'}…`}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
          if (by !== undefined) {
            event.preventDefault();
            setAt((now) => Math.min(found.length - 1, Math.max(0, now + by)));
          } else if (event.key === 'Enter') {
            event.preventDefault();
            choose(found[at]);
          }
        }}
      />
      <div ref={list} id="dz-nodes" className="dz-options" role="listbox" aria-label="Nodes">
        {found.map((node, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard is in the field above
          <div
            key={node.name}
            id={`dz-node-${index}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(node)}
          >
            <span className="dz-glyph">
              <NodeIcon name={node.icon} size={16} />
            </span>
            <span className="dz-words">
              <strong>{node.name}</strong>
              <small className="dz-says">
                <Says text={node.summary} />
              </small>
            </span>
          </div>
        ))}
        {found.length === 0 ? <p className="dz-empty">No node fits these words.</p> : null}
      </div>
    </dialog>
  );
}
