/** A button that asks in a form before it does something. */

import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Permission, useMay } from '../account/may.tsx';
import { type FieldSpec, FormDialog, type Values } from './Dialog.tsx';
import { Button } from './kit.tsx';
import { attempt, tell } from './toast.tsx';

export function Act({
  label,
  title,
  fields = [],
  action,
  tone,
  small,
  told,
  touches,
  disabled,
  needs,
  onDo,
  children,
}: {
  label: ReactNode;
  title: string;
  fields?: FieldSpec[];
  action?: string;
  tone?: 'main' | 'bad' | 'quiet' | 'plain';
  small?: boolean;
  /** What is told once it is done. */
  told?: string;
  /** The queries that are read again. */
  touches: string;
  disabled?: boolean;
  /** It is not shown to those who may not. */
  needs: Permission;
  onDo: (values: Values) => Promise<unknown>;
  children?: ReactNode;
}) {
  const client = useQueryClient();
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  if (!may(needs)) {
    return null;
  }
  return (
    <>
      <Button tone={tone} small={small} disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </Button>
      {isOpen ? (
        <FormDialog
          title={title}
          fields={fields}
          action={action ?? (typeof label === 'string' ? label : title)}
          isBad={tone === 'bad'}
          onDo={async (values) => {
            await onDo(values);
            await client.invalidateQueries({ queryKey: [touches] });
            if (told) {
              tell(told);
            }
          }}
          onClose={() => setOpen(false)}
        >
          {children}
        </FormDialog>
      ) : null}
    </>
  );
}

/** A button that does it at once. */
export function Now({
  label,
  told,
  touches,
  small = true,
  needs,
  onDo,
}: {
  label: string;
  told: string;
  touches: string;
  small?: boolean;
  needs: Permission;
  onDo: () => Promise<unknown>;
}) {
  const client = useQueryClient();
  const may = useMay();
  if (!may(needs)) {
    return null;
  }
  return (
    <Button
      small={small}
      onClick={() =>
        attempt(async () => {
          await onDo();
          await client.invalidateQueries({ queryKey: [touches] });
        }, told)
      }
    >
      {label}
    </Button>
  );
}
