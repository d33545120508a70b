/** Makes a trigger, or changes one: its kind, and what that kind asks for. */

import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { FormDialog } from '../ui/Dialog.tsx';
import { useWorkflowList, useWorkflowNames } from '../workflows/names.tsx';
import { designOf, fieldsOf, KINDS, type Kind, sharedFields } from './kinds.ts';

const AUTHS = [
  { value: 'bearer', label: 'A token (Authorization: Bearer)' },
  { value: 'basic', label: 'Name and password (Authorization: Basic)' },
  { value: 'hmac', label: 'A signature of the body (HMAC-SHA-256)' },
];

export function TriggerDialog({ trigger, onClose }: { trigger?: Schemas['TriggerView']; onClose: () => void }) {
  const client = useQueryClient();
  const nameOf = useWorkflowNames();
  const suggested = useWorkflowList();
  const before = trigger?.design;
  const [kind, setKind] = useState<Kind>(before?.source.kind ?? 'webhook');
  const [auth, setAuth] = useState<string>(
    before?.source.kind === 'webhook' ? (before.source.auth.kind as string) : 'bearer',
  );
  const chosen = KINDS.find((one) => one.value === kind);
  return (
    <FormDialog
      title={trigger ? `Change ${trigger.name}` : 'New trigger'}
      action={trigger ? 'Save' : 'Make it'}
      fields={[
        { name: 'name', label: 'Name', initial: trigger?.name },
        {
          name: 'workflow',
          label: 'Workflow that is run',
          initial: trigger ? nameOf(trigger.workflow).trim() || trigger.workflow : undefined,
          options: suggested,
        },
        ...fieldsOf(kind, auth, before).map((field) =>
          field.name === 'source_workflow' ? { ...field, options: suggested } : field,
        ),
        ...sharedFields(before),
        { name: 'enabled', label: 'Enabled', kind: 'check', initial: trigger?.enabled ?? true },
      ]}
      onDo={async (values) => {
        const body = {
          name: String(values.name),
          workflow: String(values.workflow),
          enabled: values.enabled === true,
          design: designOf(kind, auth, values, before),
        };
        await (trigger
          ? got(
              api.PUT('/api/v1/triggers/{id}', {
                params: { path: { id: trigger.id } },
                body,
                headers: { 'if-match': `"${trigger.revision}"` },
              }),
            )
          : got(api.POST('/api/v1/triggers', { body })));
        await client.invalidateQueries({ queryKey: ['triggers'] });
      }}
      onClose={onClose}
    >
      <Chooser label="What starts it" value={kind} options={KINDS} help={chosen?.help} onChange={setKind} />
      {kind === 'webhook' ? (
        <Chooser label="How callers show that they may" value={auth} options={AUTHS} onChange={setAuth} />
      ) : null}
    </FormDialog>
  );
}

function Chooser<T extends string>({
  label,
  value,
  options,
  help,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  help?: string;
  onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium text-[12.5px]">
        {label}
      </label>
      <select id={id} className="control" value={value} onChange={(event) => onChange(event.target.value as T)}>
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </select>
      {help ? <p className="mt-1 text-[12.5px] text-soft">{help}</p> : null}
    </div>
  );
}
