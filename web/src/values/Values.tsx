/** Credentials and assets, each with its values per environment. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { api, got } from '../api/client.ts';
import { Act } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { FieldSpec } from '../ui/Dialog.tsx';
import { Empty, Page, Tabs, Tag, When } from '../ui/kit.tsx';
import { person } from '../ui/text.ts';

export function ValuesPage() {
  const { tab = 'credentials' } = getRouteApi('/inside/values').useSearch();
  const environments = useQuery({
    queryKey: ['environments', 'all'],
    queryFn: () => got(api.GET('/api/v1/environments')),
  });
  const names = environments.data?.items.map((one) => one.name) ?? [];
  const environment: FieldSpec = {
    name: 'environment',
    label: 'Environment',
    kind: 'choice',
    optional: true,
    options: [
      { value: '', label: 'All that have none of their own' },
      ...names.map((name) => ({ value: name, label: name })),
    ],
  };
  return (
    <Page
      title="Credentials and assets"
      fill
      actions={
        tab === 'environments' ? (
          <Act
            label="New environment"
            tone="main"
            title="New environment"
            touches="environments"
            needs="asset:write"
            fields={[
              { name: 'name', label: 'Name' },
              { name: 'description', label: 'Description', optional: true },
              {
                name: 'parent',
                label: 'Takes what it lacks from',
                kind: 'choice',
                optional: true,
                options: [{ value: '', label: 'no other' }, ...names],
              },
            ]}
            onDo={(values) => got(api.POST('/api/v1/environments', { body: values as never }))}
          />
        ) : tab === 'assets' ? (
          <Act
            label="Set an asset"
            tone="main"
            title="Set an asset"
            touches="assets"
            needs="asset:write"
            fields={[
              { name: 'name', label: 'Name' },
              environment,
              { name: 'value', label: 'Value', kind: 'json', help: 'Any JSON: "text", 12, true, a list or an object.' },
            ]}
            onDo={({ name, environment, value }) =>
              got(
                api.PUT('/api/v1/assets/{name}', {
                  params: {
                    path: { name: String(name) },
                    query: { environment: environment ? String(environment) : undefined },
                  },
                  body: { value: value as never },
                }),
              )
            }
          />
        ) : (
          <Act
            label="Set a credential"
            tone="main"
            title="Set a credential"
            touches="credentials"
            needs="credential:write"
            fields={[
              { name: 'name', label: 'Name' },
              environment,
              { name: 'kind', label: 'Kind', initial: 'login', help: 'login, token, …' },
              { name: 'username', label: 'User name', optional: true },
              { name: 'password', label: 'Password', kind: 'password', optional: true, autoComplete: 'new-password' },
              {
                name: 'more',
                label: 'Other fields',
                kind: 'json',
                optional: true,
                help: 'Such as {"token": "…"}. Nobody can read the values again.',
              },
              { name: 'description', label: 'Description', optional: true },
            ]}
            onDo={({ name, environment, kind, username, password, more, description }) => {
              const fields = {
                ...(username ? { username } : {}),
                ...(password ? { password } : {}),
                ...((more as object | undefined) ?? {}),
              };
              return got(
                api.PUT('/api/v1/credentials/{name}', {
                  params: {
                    path: { name: String(name) },
                    query: { environment: environment ? String(environment) : undefined },
                  },
                  body: {
                    kind: String(kind),
                    fields: fields as never,
                    description: description ? String(description) : null,
                  },
                }),
              );
            }}
          />
        )
      }
    >
      <Tabs
        shown={tab}
        tabs={[
          { id: 'credentials', label: 'Credentials' },
          { id: 'assets', label: 'Assets' },
          { id: 'environments', label: 'Environments' },
        ]}
      />
      {tab === 'assets' ? <Assets /> : tab === 'environments' ? <Environments /> : <Credentials />}
    </Page>
  );
}

const place = (name: string) => (name ? <Tag>{name}</Tag> : <span className="text-soft">every</span>);

function Credentials() {
  return (
    <DataTable
      label="Credentials"
      queryKey={['credentials']}
      page={(cursor) => got(api.GET('/api/v1/credentials', { params: { query: { cursor, limit: 100 } } }))}
      keyOf={(one) => `${one.name}/${one.environment}`}
      least={720}
      empty={
        <Empty title="No credentials yet">
          They are kept encrypted; runs get them when they use them, people never.
        </Empty>
      }
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
        { name: 'Environment', width: '110px', cell: (one) => place(one.environment) },
        { name: 'Kind', width: '80px', cell: (one) => one.kind },
        {
          name: 'Fields',
          width: 'minmax(0,1fr)',
          cell: (one) => <span className="text-soft">{one.fields.join(', ')}</span>,
        },
        { name: 'By', width: '140px', cell: (one) => <span className="text-soft">{person(one.updated_by)}</span> },
        { name: 'Changed', width: '86px', cell: (one) => <When at={one.updated} /> },
        {
          name: 'Do',
          width: '80px',
          end: true,
          cell: (one) => (
            <Act
              label="Delete"
              small
              tone="quiet"
              title={`Delete ${one.name}?`}
              touches="credentials"
              needs="credential:write"
              onDo={() =>
                got(
                  api.DELETE('/api/v1/credentials/{name}', {
                    params: { path: { name: one.name }, query: { environment: one.environment || undefined } },
                  }),
                )
              }
            />
          ),
        },
      ]}
    />
  );
}

function Assets() {
  return (
    <DataTable
      label="Assets"
      queryKey={['assets']}
      page={() => got(api.GET('/api/v1/assets'))}
      keyOf={(one) => `${one.name}/${one.environment}`}
      least={560}
      empty={<Empty title="No assets yet">An asset is a value that workflows read by its name.</Empty>}
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
        { name: 'Environment', width: '110px', cell: (one) => place(one.environment) },
        {
          name: 'Value',
          width: 'minmax(0,2fr)',
          cell: (one) => <span className="font-mono text-[12.5px]">{JSON.stringify(one.value)}</span>,
        },
        { name: 'Changed', width: '86px', cell: (one) => <When at={one.updated} /> },
        {
          name: 'Do',
          width: '80px',
          end: true,
          cell: (one) => (
            <Act
              label="Delete"
              small
              tone="quiet"
              title={`Delete ${one.name}?`}
              touches="assets"
              needs="asset:write"
              onDo={() =>
                got(
                  api.DELETE('/api/v1/assets/{name}', {
                    params: { path: { name: one.name }, query: { environment: one.environment || undefined } },
                  }),
                )
              }
            />
          ),
        },
      ]}
    />
  );
}

function Environments() {
  return (
    <DataTable
      label="Environments"
      queryKey={['environments', 'list']}
      page={() => got(api.GET('/api/v1/environments'))}
      keyOf={(one) => one.name}
      least={480}
      empty={<Empty title="No environments">Such as test and production: the same names, other values.</Empty>}
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
        {
          name: 'Description',
          width: 'minmax(0,1fr)',
          cell: (one) => <span className="text-soft">{one.description}</span>,
        },
        { name: 'Takes from', width: '110px', cell: (one) => one.parent ?? '–' },
        {
          name: 'Do',
          width: '80px',
          end: true,
          cell: (one) => (
            <Act
              label="Delete"
              small
              tone="quiet"
              title={`Delete ${one.name}?`}
              touches="environments"
              needs="asset:write"
              onDo={() => got(api.DELETE('/api/v1/environments/{name}', { params: { path: { name: one.name } } }))}
            />
          ),
        },
      ]}
    />
  );
}
