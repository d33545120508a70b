/** Short notes of what was done, told to screen readers, too. */

import { useEffect, useRef } from 'react';
import { create } from 'zustand';

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));
const SHOWN_MS = 5_000;
let next = 1;

export function tell(text: string, isBad = false): void {
  const id = next++;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.slice(-3), { id, text, isBad }] }));
  window.setTimeout(
    () => useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) })),
    isBad ? SHOWN_MS * 2 : SHOWN_MS,
  );
}

/** Does something that the server may refuse, and says so. */
export async function attempt(work: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work();
    if (done) {
      tell(done);
    }
    return true;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), true);
    return false;
  }
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  const ref = useRef<HTMLDivElement>(null);
  const newest = toasts.at(-1)?.id;
  useEffect(() => {
    // Shown anew, they stand above a dialog that was opened meanwhile.
    ref.current?.hidePopover();
    if (newest !== undefined) {
      ref.current?.showPopover();
    }
  }, [newest]);
  return (
    <div
      ref={ref}
      role="status"
      popover="manual"
      className="pointer-events-none fixed inset-auto right-4 bottom-4 w-80 max-w-[90vw] flex-col gap-2 overflow-visible border-0 bg-transparent p-0 text-text open:flex"
    >
      {toasts.map((toast) => (
        <p
          key={toast.id}
          className={`rounded-md border bg-card px-3 py-2 shadow-card ${toast.isBad ? 'border-bad text-bad' : ''}`}
        >
          {toast.text}
        </p>
      ))}
    </div>
  );
}
