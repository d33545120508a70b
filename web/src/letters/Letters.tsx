/** Runs that were given up: look, note, replay, discard. */

import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../account/may.tsx';
import { api, got, type Schemas } from '../api/client.ts';
import { Act } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Button, Choice, Empty, Facts, Page, State, Tag, When } from '../ui/kit.tsx';
import { person, said } from '../ui/text.ts';
import { attempt } from '../ui/toast.tsx';
import { useWorkflowNames, WorkflowName } from '../workflows/names.tsx';

type Letter = Schemas['LetterView'];

export function Letters() {
  const client = useQueryClient();
  const [state, setState] = useState('open');
  const may = useMay();
  const [keys, setKeys] = useState(new Set<string>());
  const [open, setOpen] = useState<Letter>();
  return (
    <Page
      title="Dead letters"
      sub="Runs that were given up after their last attempt"
      fill
      actions={<Choice label="State" value={state} options={['open', 'replayed', 'discarded']} onChange={setState} />}
    >
      {keys.size > 0 ? (
        <div
          className="flex items-center gap-2 rounded-lg border bg-accent-soft px-3 py-1.5"
          role="toolbar"
          aria-label="Chosen letters"
        >
          <span className="flex-1">{keys.size} chosen</span>
          <Button
            small
            onClick={() =>
              attempt(async () => {
                await got(api.POST('/api/v1/dead-letters/replay', { body: { jobs: [...keys] } }));
                setKeys(new Set());
                await client.invalidateQueries({ queryKey: ['dead-letters'] });
              }, 'They are ordered again.')
            }
          >
            Replay
          </Button>
          <Button small tone="quiet" onClick={() => setKeys(new Set())}>
            None
          </Button>
        </div>
      ) : null}
      <DataTable
        label="Dead letters"
        queryKey={['dead-letters', 'list', state]}
        page={(cursor) => got(api.GET('/api/v1/dead-letters', { params: { query: { state, cursor, limit: 100 } } }))}
        keyOf={(letter) => letter.job}
        onOpen={setOpen}
        chosen={state === 'open' && may('job:control') ? { keys, set: setKeys } : undefined}
        least={720}
        empty={<Empty title={state === 'open' ? 'Nothing was given up' : `Nothing was ${state}`} />}
        columns={[
          {
            name: 'Workflow',
            width: 'minmax(0,1fr)',
            cell: (letter) => (
              <span className="font-medium">
                <WorkflowName id={letter.workflow} />
              </span>
            ),
          },
          { name: 'Kind', width: '130px', cell: (letter) => <Tag>{said(letter.error_kind)}</Tag> },
          {
            name: 'What happened',
            width: 'minmax(0,2fr)',
            cell: (letter) => <span className="text-soft">{letter.error_message}</span>,
          },
          { name: 'Note', width: 'minmax(0,1fr)', cell: (letter) => letter.note ?? '' },
          { name: 'Given up', width: '86px', end: true, cell: (letter) => <When at={letter.died} /> },
        ]}
      />
      {open ? <LetterDialog letter={open} onClose={() => setOpen(undefined)} /> : null}
    </Page>
  );
}

function LetterDialog({ letter, onClose }: { letter: Letter; onClose: () => void }) {
  const path = { job: letter.job };
  const isOpen = letter.state === 'open';
  return (
    <Dialog title={useWorkflowNames()(letter.workflow)} onClose={onClose} wide>
      <div className="space-y-4">
        <Facts
          facts={[
            ['State', <State key="s" state={letter.state} />],
            ['Given up', <When key="d" at={letter.died} />],
            ['Kind', said(letter.error_kind)],
            ['Settled by', letter.settled_by ? person(letter.settled_by) : '–'],
          ]}
        />
        <p className="break-words rounded-md bg-bad-soft px-3 py-2 text-bad">
          {letter.error_message ?? letter.error_kind}
        </p>
        {letter.note ? <p>Note: {letter.note}</p> : null}
        <div className="flex flex-wrap items-center gap-2">
          <Link to="/runs/$job" params={path} className="text-accent hover:underline">
            Look at the run
          </Link>
          {letter.replayed_as ? (
            <Link to="/runs/$job" params={{ job: letter.replayed_as }} className="text-accent hover:underline">
              Look at its replay
            </Link>
          ) : null}
          <span className="flex-1" />
          <Act
            label="Note"
            title="Note"
            touches="dead-letters"
            needs="job:control"
            fields={[{ name: 'note', label: 'Note', kind: 'area', initial: letter.note }]}
            onDo={async ({ note }) => {
              await got(api.PUT('/api/v1/dead-letters/{job}/note', { params: { path }, body: { note: String(note) } }));
              onClose();
            }}
          />
          {isOpen ? (
            <>
              <Act
                label="Discard"
                tone="bad"
                title="Discard this letter?"
                touches="dead-letters"
                needs="job:control"
                fields={[{ name: 'note', label: 'Why', optional: true }]}
                onDo={async ({ note }) => {
                  await got(
                    api.POST('/api/v1/dead-letters/{job}/discard', {
                      params: { path },
                      body: { note: note ? String(note) : null },
                    }),
                  );
                  onClose();
                }}
              />
              <Act
                label="Replay"
                tone="main"
                title="Replay"
                touches="dead-letters"
                needs="job:control"
                fields={[
                  {
                    name: 'inputs',
                    label: 'Other inputs',
                    kind: 'json',
                    optional: true,
                    help: 'The same as before when nothing is said.',
                  },
                ]}
                onDo={async ({ inputs }) => {
                  await got(
                    api.POST('/api/v1/dead-letters/{job}/replay', {
                      params: { path },
                      body: inputs === undefined ? {} : { inputs: inputs as never },
                    }),
                  );
                  onClose();
                }}
              />
            </>
          ) : null}
        </div>
      </div>
    </Dialog>
  );
}
