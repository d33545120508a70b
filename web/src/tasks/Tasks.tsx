/** What runs ask people. */

import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { May } from '../account/may.tsx';
import { api, got, type Schemas } from '../api/client.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { type FieldSpec, FormDialog } from '../ui/Dialog.tsx';
import { Button, Empty, Page, State, When } from '../ui/kit.tsx';
import { tell } from '../ui/toast.tsx';
import { WorkflowName } from '../workflows/names.tsx';

type Task = Schemas['TaskView'];

interface Question {
  name?: string;
  label?: string;
  help?: string | null;
  kind?: string;
  choices?: string[];
  default?: unknown;
  required?: boolean;
}

interface Asked {
  title?: string;
  message?: string;
  text?: string;
  questions?: Question[];
  fields?: Question[];
  label?: string;
}

export function Tasks() {
  const client = useQueryClient();
  const [open, setOpen] = useState<Task>();
  return (
    <Page title="Tasks" sub="What runs ask people; a run that waits holds no robot" fill>
      <DataTable
        label="Tasks"
        queryKey={['tasks', 'list']}
        page={(cursor) => got(api.GET('/api/v1/tasks', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(task) => task.job}
        onOpen={setOpen}
        least={560}
        empty={
          <Empty title="Nobody is asked anything">
            Steps that ask for an approval or a form put their question here.
          </Empty>
        }
        columns={[
          { name: 'Waits for', width: '140px', cell: (task) => <State state={task.state} /> },
          {
            name: 'Question',
            width: 'minmax(0,2fr)',
            cell: (task) => <span className="font-medium">{titleOf(task)}</span>,
          },
          { name: 'Workflow', width: 'minmax(0,1fr)', cell: (task) => <WorkflowName id={task.workflow} /> },
          { name: 'Until', width: '86px', cell: (task) => <When at={task.until} /> },
          {
            name: 'Do',
            width: '150px',
            end: true,
            cell: (task) => (
              <span className="flex justify-end gap-1">
                <Link
                  to="/runs/$job"
                  params={{ job: task.job }}
                  className="inline-flex h-7 items-center px-2 text-[12.5px] text-soft hover:text-text"
                >
                  Run
                </Link>
                <May needs="task:answer">
                  <Button small onClick={() => setOpen(task)}>
                    Answer
                  </Button>
                </May>
              </span>
            ),
          },
        ]}
      />
      {open ? (
        <FormDialog
          title={titleOf(open)}
          action="Answer"
          fields={fieldsOf(open)}
          onDo={async (values) => {
            const answer = 'answer' in values && Object.keys(values).length === 1 ? values.answer : values;
            await got(
              api.POST('/api/v1/tasks/{job}/answer', {
                params: { path: { job: open.job } },
                body: { answer: answer as never },
              }),
            );
            await client.invalidateQueries({ queryKey: ['tasks'] });
            tell('The run goes on.');
          }}
          onClose={() => setOpen(undefined)}
        >
          {said(open) ? <p className="whitespace-pre-wrap">{said(open)}</p> : null}
        </FormDialog>
      ) : null}
    </Page>
  );
}

const asked = (task: Task) => (task.question ?? {}) as Asked;

function titleOf(task: Task): string {
  const { title, label, message, text } = asked(task);
  return title ?? label ?? message ?? text ?? 'A run asks';
}

function said(task: Task): string | undefined {
  const { title, message, text } = asked(task);
  return title ? (message ?? text) : undefined;
}

const KINDS: Record<string, FieldSpec['kind']> = {
  number: 'number',
  yes_no: 'check',
  boolean: 'check',
  confirm: 'check',
  long_text: 'area',
  password: 'password',
  secret: 'password',
  json: 'json',
};

/** The fields of the form; what has none is answered as JSON. */
export function fieldsOf(task: Task): FieldSpec[] {
  const { questions, fields } = asked(task);
  const one = asked(task) as Question;
  const list = questions ?? fields ?? (one.name ? [one] : []);
  if (list.length === 0) {
    return [
      { name: 'answer', label: 'Answer', kind: 'json', initial: true, help: 'As JSON: true, "text" or an object.' },
    ];
  }
  return list.map((question) => ({
    name: question.name ?? 'answer',
    label: question.label ?? question.name ?? 'Answer',
    help: question.help ?? undefined,
    kind: question.choices?.length ? 'choice' : (KINDS[question.kind ?? ''] ?? 'text'),
    options: question.choices,
    initial: question.default,
    optional: question.required === false,
  }));
}
