/** The editors are loaded when somebody looks at text: they weigh more than all the rest of the designer. */

import { type ComponentProps, Suspense, lazy } from 'react';
import type { CodeField as Field } from './CodeField.tsx';

const Code = lazy(async () => ({ default: (await import('./CodeField.tsx')).CodeField }));
const Text = lazy(async () => ({ default: (await import('./TextView.tsx')).TextView }));

export function CodeField(props: ComponentProps<typeof Field>) {
  return (
    <Suspense fallback={<div className="dz-code dz-empty">Loading the editor…</div>}>
      <Code {...props} />
    </Suspense>
  );
}

export function TextView() {
  return (
    <Suspense fallback={<div className="dz-text dz-empty">Loading the editor…</div>}>
      <Text />
    </Suspense>
  );
}
