// Starts `leadrules lsp` and hands it what is typed; everything else is said by the server.
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate(context) {
  const [command, ...args] = vscode.workspace.getConfiguration("leadrules").get("command");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  client = new LanguageClient(
    "leadrules",
    "LeadRules",
    { command, args, options: { cwd: folder } },
    { documentSelector: [{ language: "leadrules" }] },
  );
  context.subscriptions.push(client);
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(
      `\`${[command, ...args].join(" ")}\` did not start: ${error.message}. Install it with ` +
        '`pip install "leadrules[lsp]"`, or set leadrules.command.',
    );
  }
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
