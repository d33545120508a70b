/** All workflows. */

import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { May, useMay } from '../account/may.tsx';
import { api, got } from '../api/client.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { FormDialog } from '../ui/Dialog.tsx';
import { Button, Empty, Page, Tag, When } from '../ui/kit.tsx';
import { RunDialog } from './RunDialog.tsx';

export function Workflows() {
  const navigate = useNavigate();
  const search = getRouteApi('/inside/workflows').useSearch();
  const [run, setRun] = useState<string>();
  const may = useMay();
  const isNew = search.new === true && may('workflow:write');
  const create = () => void navigate({ to: '/workflows', search: { new: true } });
  return (
    <Page
      title="Workflows"
      fill
      actions={
        <May needs="workflow:write">
          <Button tone="main" onClick={create}>
            New workflow
          </Button>
        </May>
      }
    >
      <DataTable
        label="Workflows"
        queryKey={['workflows', 'list']}
        page={(cursor) => got(api.GET('/api/v1/workflows', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(one) => one.id}
        onOpen={(one) => void navigate({ to: '/workflows/$workflow', params: { workflow: one.name } })}
        least={520}
        empty={
          <Empty title="No workflows yet">
            A workflow is a list of steps. <br />
            <May needs="workflow:write">
              <Button tone="main" className="mt-3" onClick={create}>
                Make the first one
              </Button>
            </May>
          </Empty>
        }
        columns={[
          { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
          {
            name: 'Active version',
            width: '120px',
            cell: (one) => (one.active ? <Tag>{`no. ${one.active}`}</Tag> : <span className="text-soft">none</span>),
          },
          { name: 'Made', width: '100px', cell: (one) => <When at={one.created} /> },
          {
            name: 'Do',
            width: '130px',
            end: true,
            cell: (one) => (
              <span className="flex justify-end gap-1">
                <Button
                  small
                  tone="quiet"
                  onClick={() => void navigate({ to: '/workflows/$workflow/edit', params: { workflow: one.name } })}
                >
                  {may('workflow:write') ? 'Edit' : 'Look'}
                </Button>
                <May needs="workflow:run">
                  <Button small disabled={!one.active} onClick={() => setRun(one.name)}>
                    Run
                  </Button>
                </May>
              </span>
            ),
          },
        ]}
      />
      {run ? <RunDialog workflow={run} onClose={() => setRun(undefined)} /> : null}
      {isNew ? (
        <FormDialog
          title="New workflow"
          action="Open the designer"
          fields={[{ name: 'name', label: 'Name', help: 'Letters, digits, dots and dashes, such as invoice-import.' }]}
          onDo={async ({ name }) => {
            await navigate({ to: '/workflows/$workflow/edit', params: { workflow: String(name) } });
          }}
          onClose={() => {
            // Also called once the designer is open: then there is nothing to go back to.
            if (window.location.pathname === '/workflows') {
              void navigate({ to: '/workflows', search: {}, replace: true });
            }
          }}
        />
      ) : null}
    </Page>
  );
}
