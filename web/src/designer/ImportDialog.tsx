/** Files of other tools, as workflows, with what was lost on the way. */

import { useState } from 'react';
import { Button, Dialog } from './controls.tsx';
import { told } from './run/RunDialog.tsx';
import { type Imported, server } from './server.ts';
import { useDesignerStore } from './store.ts';

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const store = useDesignerStore();
  const [imported, setImported] = useState<Imported[]>();
  const [wrong, setWrong] = useState<string>();
  const read = async (files: FileList | null) => {
    setWrong(undefined);
    try {
      const given = await Promise.all(
        [...(files ?? [])].map(async (file) => ({ path: file.name, text: await file.text() })),
      );
      const own = given.filter((file) => /\.ya?ml$/.test(file.path));
      const foreign = given.filter((file) => !own.includes(file));
      const answer = foreign.length > 0 ? await server.importFiles(foreign) : { files: [] };
      setImported([...own.map((file) => ({ source: file.path, text: file.text })), ...answer.files]);
    } catch (error) {
      setWrong(told(error));
    }
  };
  const take = (file: Imported) => {
    if (file.text !== undefined) {
      store.getState().setText(file.text, { label: `Import ${file.source}`, mayBreak: true });
      onClose();
    }
  };
  return (
    <Dialog title="Import a workflow" onClose={onClose}>
      <p className="dz-says" style={{ marginBottom: 8 }}>
        Casare (.yaml), CasareRPA and n8n (.json), Robot Framework (.robot), Selenium IDE (.side) and recordings of Chrome
        (.json). What is on the canvas is replaced; undo brings it back.
      </p>
      <input
        type="file"
        multiple
        accept=".yaml,.yml,.json,.robot,.side"
        aria-label="Files to import"
        onChange={(event) => void read(event.target.files)}
      />
      {wrong ? (
        <p className="dz-wrong" role="alert">
          {wrong}
        </p>
      ) : null}
      <div className="dz-rows" style={{ marginTop: 12 }}>
        {imported?.map((file) => (
          <div key={file.source} className="dz-change" data-change={file.error ? 'removed' : 'added'}>
            <div className="dz-row">
              <strong className="dz-grow dz-cut" style={{ flex: 1 }}>
                {file.source}
              </strong>
              {file.text === undefined ? null : (
                <Button small tone="main" onClick={() => take(file)}>
                  Put it on the canvas
                </Button>
              )}
            </div>
            {file.error ? (
              <p className="dz-wrong">
                {file.error}. {file.help}
              </p>
            ) : null}
            {file.report ? <Losses report={file.report} /> : null}
          </div>
        ))}
      </div>
    </Dialog>
  );
}

function Losses({ report }: { report: NonNullable<Imported['report']> }) {
  const groups = [
    ['Lost', report.no_equivalent],
    ['Not exactly the same', report.changed],
    ['Look at', report.look],
  ] as const;
  return (
    <>
      <p className="dz-small">
        {report.converted} of {report.total} parts were converted.
      </p>
      {groups.map(([title, remarks]) =>
        remarks.length > 0 ? (
          <details key={title} open={title === 'Lost'}>
            <summary className="dz-small">
              {title} <span className="dz-count">{remarks.length}</span>
            </summary>
            <ul className="dz-small" style={{ margin: '4px 0', paddingLeft: 18 }}>
              {remarks.map((remark) => (
                <li key={`${remark.at}${remark.message}`}>
                  {remark.at ? <code>{remark.at}</code> : null} {remark.message}
                </li>
              ))}
            </ul>
          </details>
        ) : null,
      )}
    </>
  );
}
