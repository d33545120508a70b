/** One's own account and sessions, the colours, and how the server is. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, got } from '../api/client.ts';
import { me } from '../api/queries.ts';
import { switchTheme, useTheme } from '../shell/theme.ts';
import { Act, Now } from '../ui/Act.tsx';
import { Asked, Button, Card, Facts, Page, State, Tag, When } from '../ui/kit.tsx';

export function Settings() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const who = useQuery(me);
  const theme = useTheme();
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => got(api.GET('/api/v1/me/sessions')) });
  const health = useQuery({
    queryKey: ['health'],
    queryFn: () => got(api.GET('/api/v1/health')),
    refetchInterval: 15_000,
  });
  return (
    <Page
      title="Settings"
      actions={
        <Button
          onClick={async () => {
            await got(api.POST('/api/v1/sign-out'));
            client.clear();
            await navigate({ to: '/sign-in' });
          }}
        >
          Sign out
        </Button>
      }
    >
      <Card
        title="Account"
        actions={
          <Act
            label="Change the password"
            small
            title="Change the password"
            touches="sessions"
            needs="account:own"
            told="The password is changed."
            fields={[
              { name: 'old', label: 'Old password', kind: 'password', autoComplete: 'current-password' },
              {
                name: 'new',
                label: 'New password',
                kind: 'password',
                autoComplete: 'new-password',
                help: 'At least 12 characters.',
              },
            ]}
            onDo={({ old, new: next }) =>
              got(api.POST('/api/v1/me/password', { body: { old: String(old), new: String(next) } }))
            }
          />
        }
      >
        <Asked query={who} lines={2}>
          {(who) => (
            <>
              <Facts
                facts={[
                  ['Name', who.name],
                  ['Role', who.role],
                  ['Tenant', who.tenant],
                ]}
              />
              <details className="mt-3">
                <summary className="cursor-pointer text-soft">What you may do</summary>
                <p className="mt-2 flex flex-wrap gap-1">
                  {who.permissions.map((one) => (
                    <Tag key={one}>{one}</Tag>
                  ))}
                </p>
              </details>
            </>
          )}
        </Asked>
      </Card>
      <Card
        title="Server"
        actions={health.error ? <State state="gone" /> : health.data ? <State state={health.data.status} /> : null}
      >
        <Asked query={health} lines={1}>
          {(health) => (
            <Facts
              facts={[
                ['Version', health.version],
                [
                  'API',
                  <a key="a" href="/api/v1/openapi.json" className="text-accent hover:underline">
                    OpenAPI document
                  </a>,
                ],
                [
                  'Metrics',
                  <a key="m" href="/api/v1/metrics" className="text-accent hover:underline">
                    for Prometheus
                  </a>,
                ],
              ]}
            />
          )}
        </Asked>
      </Card>
      <Card title="Look">
        <div className="flex items-center justify-between gap-4">
          <span>The page is {theme}.</span>
          <Button onClick={switchTheme}>{theme === 'dark' ? 'Make it light' : 'Make it dark'}</Button>
        </div>
      </Card>
      <Card title="Sessions" flush>
        <Asked query={sessions} lines={2}>
          {({ items }) => (
            <ul className="divide-y">
              {items.map((one) => (
                <li key={one.id} className="flex min-h-11 items-center gap-3 px-4 py-1.5">
                  <span className="min-w-0 flex-1 truncate" title={one.agent}>
                    {one.agent || 'unknown program'}
                  </span>
                  <span className="hidden text-soft sm:inline">{one.address}</span>
                  <When at={one.seen} />
                  <Now
                    label="End"
                    told="The session is ended."
                    touches="sessions"
                    needs="account:own"
                    onDo={() => got(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id: one.id } } }))}
                  />
                </li>
              ))}
            </ul>
          )}
        </Asked>
      </Card>
    </Page>
  );
}
