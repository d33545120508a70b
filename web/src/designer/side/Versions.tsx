/** The versions of the workflow: what differs from them, and going back to one. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Button, ago, person } from '../controls.tsx';
import { stepOfText } from '../model/tree.ts';
import { type Difference, type VersionView, server } from '../server.ts';
import { type Differs, useDesigner, useDesignerStore } from '../store.ts';
import { Changes } from './Changes.tsx';

export function Versions() {
  const store = useDesignerStore();
  const workflow = useDesigner((state) => state.workflow);
  const published = useDesigner((state) => state.published);
  const base = useDesigner((state) => state.base);
  const [chosen, setChosen] = useState<number>();
  const { data, error, isPending } = useQuery({
    queryKey: ['designer', workflow, 'versions', published],
    queryFn: () => server.versions(workflow),
    retry: false,
  });
  useEffect(() => () => store.getState().show({ compared: undefined }), [store]);
  if (isPending) {
    return <p className="dz-empty">Loading…</p>;
  }
  if (error || !data || data.items.length === 0) {
    return <p className="dz-empty">There are no versions yet. Publish the draft to make the first one.</p>;
  }
  const restore = async (version: VersionView) => {
    const { text } = await server.version(workflow, version.number);
    if (text !== undefined) {
      store.getState().setText(text, { label: `Go back to version ${version.version}`, mayBreak: true });
    }
  };
  return (
    <ul className="dz-items">
      {data.items.map((version) => (
        <li key={version.number}>
          <div className="dz-item" data-selected={chosen === version.number || undefined} style={{ cursor: 'default', flexWrap: 'wrap' }}>
            <span className="dz-grow">
              <strong>{version.version}</strong>{' '}
              {version.number === published ? (
                <span className="dz-count dz-tone-good">active</span>
              ) : (
                <span className="dz-small dz-soft">{version.state}</span>
              )}
              {version.number === base ? <span className="dz-small dz-soft"> · your draft began here</span> : null}
              <span className="dz-small dz-soft dz-cut" style={{ display: 'block' }}>
                {person(version.created_by)}, {ago(version.created)}
                {version.note ? ` · ${version.note}` : ''}
              </span>
            </span>
            <Button
              small
              aria-pressed={chosen === version.number}
              onClick={() => setChosen(chosen === version.number ? undefined : version.number)}
            >
              Compare
            </Button>
            <Button small onClick={() => void restore(version)}>
              Restore
            </Button>
          </div>
          {chosen === version.number ? <Compared number={version.number} /> : null}
        </li>
      ))}
    </ul>
  );
}

/** What the draft has that a version has not; its steps are marked on the canvas. */
function Compared({ number }: { number: number }) {
  const store = useDesignerStore();
  const workflow = useDesigner((state) => state.workflow);
  const text = useDesigner((state) => state.text);
  const [difference, setDifference] = useState<Difference>();
  useEffect(() => {
    let isOver = false;
    const compare = async () => {
      const version = await server.version(workflow, number);
      const found = await server.compare(version.text ?? '', text);
      if (isOver) {
        return;
      }
      const { model } = store.getState();
      const compared = new Map<string, Differs>();
      for (const change of found.steps) {
        const step = change.change === 'removed' ? undefined : stepOfText(model, change.step.path);
        if (step && change.change !== 'removed') {
          compared.set(step.key, change.change);
        }
      }
      store.getState().show({ compared });
      setDifference(found);
    };
    compare().catch(() => undefined);
    return () => {
      isOver = true;
      store.getState().show({ compared: undefined });
    };
  }, [workflow, number, text, store]);
  return (
    <div style={{ padding: '4px 8px 10px' }}>
      {difference ? (
        <Changes
          difference={difference}
          onStep={(path) => {
            const step = stepOfText(store.getState().model, path);
            if (step) {
              store.getState().reveal(step.key);
            }
          }}
        />
      ) : (
        <p className="dz-empty">Comparing…</p>
      )}
    </div>
  );
}
