/** Searching in the workflow: names, nodes, settings, notes. */

import { ChevronDown, ChevronUp, Search, X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Button } from '../controls.tsx';
import { useDesigner, useDesignerStore } from '../store.ts';

export function Find({ onClose }: { onClose: () => void }) {
  const store = useDesignerStore();
  const model = useDesigner((state) => state.model);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const found = useMemo(() => {
    const words = query.trim().toLowerCase();
    if (words === '') {
      return [];
    }
    // The innermost step that holds the words, not those around it.
    return model.steps.filter((step) => {
      const inner = step.lists.flatMap((list) => list.steps);
      let text = model.text.slice(step.from, step.to);
      for (const one of inner) {
        text = text.replace(model.text.slice(one.from, one.to), '');
      }
      return text.toLowerCase().includes(words);
    });
  }, [model, query]);
  const show = (index: number) => {
    const step = found[(index + found.length) % Math.max(1, found.length)];
    if (step) {
      setAt((index + found.length) % found.length);
      store.getState().reveal(step.key);
    }
  };
  return (
    <search className="dz-find">
      <Search size={15} aria-hidden />
      <input
        // biome-ignore lint/a11y/noAutofocus: it was opened to type into
        autoFocus
        aria-label="Search in the workflow"
        placeholder="Name, node, setting…"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(-1);
        }}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Escape') {
            onClose();
          } else if (event.key === 'Enter') {
            show(event.shiftKey ? at - 1 : at + 1);
          }
        }}
      />
      <span className="dz-small dz-soft" role="status">
        {query ? `${found.length === 0 ? 0 : Math.max(0, at) + 1} of ${found.length}` : ''}
      </span>
      <Button tone="plain" small label="The one before" disabled={found.length === 0} onClick={() => show(at - 1)}>
        <ChevronUp size={15} aria-hidden />
      </Button>
      <Button tone="plain" small label="The next one" disabled={found.length === 0} onClick={() => show(at + 1)}>
        <ChevronDown size={15} aria-hidden />
      </Button>
      <Button tone="plain" small label="Close the search" onClick={onClose}>
        <X size={15} aria-hidden />
      </Button>
    </search>
  );
}
