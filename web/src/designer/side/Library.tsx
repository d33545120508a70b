/** All nodes by category: drag one onto the canvas, or click it to insert it after the selected step. */

import { useDeferredValue, useMemo, useState } from 'react';
import type { CanvasHandle } from '../canvas/Canvas.tsx';
import { NodeIcon } from '../icons.tsx';
import { type NodeSpec, newStep, search } from '../model/catalogue.ts';
import { slotAfter, useDesigner, useDesignerStore } from '../store.ts';

export function Library({ canvas }: { canvas: () => CanvasHandle | null }) {
  const store = useDesignerStore();
  const nodes = useDesigner((state) => state.catalogue.nodes);
  const [query, setQuery] = useState('');
  const asked = useDeferredValue(query);
  const groups = useMemo(() => {
    const found = new Map<string, NodeSpec[]>();
    for (const node of search(nodes, asked)) {
      const category = node.name.split('.')[0] ?? '';
      found.set(category, [...(found.get(category) ?? []), node]);
    }
    return [...found];
  }, [nodes, asked]);
  const insert = (node: NodeSpec) => {
    const state = store.getState();
    state.insert(slotAfter(state), newStep(node), `Insert ${node.name}`);
    store.setState((now) => ({ revealed: now.revealed + 1 }));
  };
  return (
    <div className="dz-pad" style={{ paddingTop: 8 }}>
      <input
        className="dz-input"
        type="search"
        aria-label="Search for a node"
        placeholder={`Search ${nodes.length} nodes`}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      {groups.map(([category, members]) => (
        <details key={category} className="dz-section" style={{ marginTop: 4 }} open={asked !== '' || undefined}>
          <summary>
            {category} <span className="dz-count">{members.length}</span>
          </summary>
          {members.map((node) => (
            <button
              key={node.name}
              type="button"
              className="dz-item"
              title={node.summary}
              style={{ touchAction: 'none' }}
              onPointerDown={(event) =>
                event.button === 0 && canvas()?.drag.press(event, () => ({ items: newStep(node), label: node.name }))
              }
              onClick={() => insert(node)}
            >
              <span className="dz-soft" style={{ display: 'grid' }}>
                <NodeIcon name={node.icon} size={16} />
              </span>
              <span className="dz-grow dz-cut">
                {node.name.slice(category.length + 1)} <span className="dz-small dz-soft">{node.summary}</span>
              </span>
            </button>
          ))}
        </details>
      ))}
    </div>
  );
}
