/** Orders a run: its inputs as the workflow declares them. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { parse } from 'yaml';
import { api, got } from '../api/client.ts';
import { Dialog, type FieldSpec, FormDialog } from '../ui/Dialog.tsx';
import { Failed, Loading } from '../ui/kit.tsx';

export function RunDialog({ workflow, version, onClose }: { workflow: string; version?: number; onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const text = useQuery({
    queryKey: ['workflows', workflow, 'inputs', version],
    queryFn: async () => {
      const path = { workflow };
      const number = version ?? (await got(api.GET('/api/v1/workflows/{workflow}', { params: { path } }))).active;
      if (!number) {
        return '';
      }
      const found = await got(
        api.GET('/api/v1/workflows/{workflow}/versions/{number}', { params: { path: { workflow, number } } }),
      );
      return found.text ?? '';
    },
  });
  if (text.data === undefined) {
    return (
      <Dialog title={`Run ${workflow}`} onClose={onClose}>
        {text.error ? <Failed error={text.error} /> : <Loading lines={3} />}
      </Dialog>
    );
  }
  const fields = inputsOf(text.data);
  return (
    <FormDialog
      title={`Run ${workflow}`}
      action="Run"
      fields={[
        ...fields,
        {
          name: '$environment',
          label: 'Environment',
          optional: true,
          help: 'Whose credentials and assets the run sees.',
        },
      ]}
      onDo={async ({ $environment, ...inputs }) => {
        const body = {
          inputs,
          ...(version ? { version } : {}),
          ...($environment ? { environment: String($environment) } : {}),
        };
        const ordered = await got(
          api.POST('/api/v1/workflows/{workflow}/runs', { params: { path: { workflow } }, body: body as never }),
        );
        void client.invalidateQueries({ queryKey: ['jobs'] });
        await navigate({ to: '/runs/$job', params: { job: ordered.job } });
      }}
      onClose={onClose}
    >
      {fields.length === 0 ? <p className="text-soft">This workflow takes no inputs.</p> : null}
    </FormDialog>
  );
}

/** How a value of a type is asked for; the others as text. */
const KINDS: Record<string, FieldSpec['kind']> = {
  integer: 'number',
  number: 'number',
  boolean: 'check',
  list: 'json',
  map: 'json',
  any: 'json',
};

interface Declared {
  type?: string;
  description?: string;
  help?: string;
  default?: unknown;
  required?: boolean;
  choices?: string[];
  enum?: string[];
}

/** The inputs that a workflow declares, as fields; what is not understood is asked as JSON. */
export function inputsOf(text: string): FieldSpec[] {
  let root: { inputs?: Record<string, Declared | string | null> } | null;
  try {
    root = parse(text);
  } catch {
    return [];
  }
  return Object.entries(root?.inputs ?? {}).map(([name, declared]) => {
    const one: Declared =
      typeof declared === 'object' && declared !== null ? declared : { type: String(declared ?? 'string') };
    const options = one.choices ?? one.enum;
    const kind = options ? 'choice' : (KINDS[one.type ?? 'string'] ?? 'text');
    return {
      name,
      label: name,
      kind,
      options,
      help: one.description ?? one.help,
      initial: one.default,
      optional: one.default !== undefined || one.required === false,
    };
  });
}
