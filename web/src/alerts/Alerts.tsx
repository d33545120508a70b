/** What somebody should look at: promises that workflows did not keep. */

import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Empty, Facts, Json, Page, State, Tabs, Tag, When } from '../ui/kit.tsx';
import { person, said, short } from '../ui/text.ts';
import { WorkflowName } from '../workflows/names.tsx';

type Alert = Schemas['AlertView'];

const stateOf = (alert: Alert) => (alert.closed ? 'over' : alert.acknowledged ? 'seen' : 'open');

export function Alerts() {
  const { tab = 'open' } = getRouteApi('/inside/alerts').useSearch();
  return (
    <Page title="Alerts" sub="Promises that workflows did not keep; a hook can tell people of them" fill>
      <Tabs
        shown={tab}
        tabs={[
          { id: 'open', label: 'Open' },
          { id: 'all', label: 'All' },
        ]}
      />
      <List key={tab} isOpen={tab === 'open'} />
    </Page>
  );
}

function List({ isOpen }: { isOpen: boolean }) {
  const [shown, setShown] = useState<Alert>();
  return (
    <>
      <DataTable
        label="Alerts"
        queryKey={['alerts', isOpen ? 'open' : 'all']}
        page={(cursor) =>
          got(
            api.GET('/api/v1/alerts', { params: { query: { cursor, limit: 100, ...(isOpen ? { open: true } : {}) } } }),
          )
        }
        keyOf={(one) => one.id}
        onOpen={setShown}
        least={680}
        empty={
          <Empty title={isOpen ? 'Nothing is open' : 'There was no alert yet'}>
            Say what a workflow has to keep, such as its longest run, on the page of the workflow under “Service level”.
          </Empty>
        }
        columns={[
          { name: 'State', width: '80px', cell: (one) => <State state={stateOf(one)} /> },
          {
            name: 'What',
            width: 'minmax(0,2fr)',
            cell: (one) => (
              <span className="font-medium" title={one.message}>
                {one.message}
              </span>
            ),
          },
          { name: 'Kind', width: '140px', cell: (one) => <Tag>{said(one.kind)}</Tag> },
          {
            name: 'Workflow',
            width: 'minmax(0,1fr)',
            cell: (one) => (one.workflow ? <WorkflowName id={one.workflow} /> : '–'),
          },
          { name: 'Since', width: '86px', cell: (one) => <When at={one.opened} /> },
          { name: 'Do', width: '110px', end: true, cell: (one) => <Acknowledge alert={one} /> },
        ]}
      />
      {shown ? (
        <Dialog title={shown.message} wide onClose={() => setShown(undefined)}>
          <div className="space-y-4">
            <Facts
              facts={[
                ['State', <State key="s" state={stateOf(shown)} />],
                ['Workflow', shown.workflow ? <WorkflowName key="w" id={shown.workflow} /> : '–'],
                ['Since', <When key="o" at={shown.opened} />],
                ['Over', <When key="c" at={shown.closed} />],
                ['Seen by', shown.acknowledged_by ? person(shown.acknowledged_by) : '–'],
                [
                  'Run',
                  shown.job ? (
                    <Link key="r" to="/runs/$job" params={{ job: shown.job }} className="text-accent hover:underline">
                      {short(shown.job)}
                    </Link>
                  ) : (
                    '–'
                  ),
                ],
              ]}
            />
            <Json value={shown.details} />
          </div>
        </Dialog>
      ) : null}
    </>
  );
}

function Acknowledge({ alert }: { alert: Alert }) {
  if (alert.acknowledged || alert.closed) {
    return null;
  }
  return (
    <Now
      label="I have seen it"
      told="Others see that you know."
      touches="alerts"
      needs="job:control"
      onDo={() => got(api.POST('/api/v1/alerts/{id}/acknowledge', { params: { path: { id: alert.id } } }))}
    />
  );
}
