/** The name of a credential; its values never come here. */

import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { server } from '../server.ts';
import { TextInput } from './Field.tsx';

export function CredentialField({
  id,
  value,
  describedBy,
  onValue,
}: {
  id: string;
  value: unknown;
  describedBy: string | undefined;
  onValue: (value: unknown) => void;
}) {
  const { data } = useQuery({ queryKey: ['credentials'], queryFn: server.credentials, staleTime: 30_000, retry: false });
  const options = useId();
  const name = typeof value === 'string' ? value : '';
  const isKnown = data?.items.some((one) => one.name === name) ?? true;
  return (
    <>
      <TextInput
        id={id}
        isCode
        list={options}
        aria-describedby={describedBy}
        value={name}
        placeholder="Name of a credential"
        onValue={(text) => onValue(text === '' ? undefined : text)}
      />
      <datalist id={options}>
        {data?.items.map((one) => (
          <option key={one.name} value={one.name}>
            {one.kind}
          </option>
        ))}
      </datalist>
      {name !== '' && !isKnown && !name.includes('{{') ? (
        <p className="dz-wrong" data-tone="warn">
          There is no credential “{name}” yet.
          <a href="/credentials" target="_blank" rel="noreferrer">
            Make one
          </a>
        </p>
      ) : null}
    </>
  );
}
