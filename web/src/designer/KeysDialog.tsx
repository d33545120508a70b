/** The keys of the canvas. */

import { ACTIONS } from './actions.ts';
import { Dialog } from './controls.tsx';

const NAMES: Record<string, string> = { ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' };

function written(key: string): string {
  return key
    .split(/\+(?=.)/)
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' + ');
}

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const groups = ['Steps', 'Moving', 'Looking', 'Workflow'] as const;
  return (
    <Dialog title="Keys on the canvas" onClose={onClose}>
      {groups.map((group) => (
        <section key={group} style={{ marginBottom: 12 }}>
          <h3 className="dz-soft">{group}</h3>
          <dl style={{ display: 'grid', gridTemplateColumns: '1fr auto', gap: '4px 16px', margin: '6px 0' }}>
            {ACTIONS.filter((action) => action.group === group).map((action) => (
              <div key={action.name} style={{ display: 'contents' }}>
                <dt>{action.label}</dt>
                <dd style={{ margin: 0 }}>
                  <kbd className="dz-mono">{action.keys.map(written).join('  or  ')}</kbd>
                </dd>
              </div>
            ))}
            {group === 'Workflow' ? (
              <>
                <dt>Run it</dt>
                <dd style={{ margin: 0 }}>
                  <kbd className="dz-mono">Ctrl + Enter</kbd>
                </dd>
                <dt>Copy, cut, paste steps as text</dt>
                <dd style={{ margin: 0 }}>
                  <kbd className="dz-mono">Ctrl + C, X, V</kbd>
                </dd>
              </>
            ) : null}
          </dl>
        </section>
      ))}
      <p className="dz-says">Drag with Shift over the background to select what is inside. Drag a step with Alt to copy it.</p>
    </Dialog>
  );
}
