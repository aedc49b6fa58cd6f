// Receives Ostiary's webhooks and checks each signature with two packages that know nothing of Ostiary.
// WEBHOOK_SECRET=whsec_… [PORT=8491] node receiver.js

import { createServer } from "node:http";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const secret = process.env.WEBHOOK_SECRET;
if (!secret?.startsWith("whsec_")) {
  console.error("Set WEBHOOK_SECRET to the secret that creating the event destination answered (whsec_…).");
  process.exit(2);
}

const port = Number(process.env.PORT ?? 8491);
const verifiers = { standardwebhooks: new StandardWebhook(secret), svix: new SvixWebhook(secret) };
// Delivery is at least once: an id that comes again is answered 204 and not handled again. Keep them in your database.
const handled = new Set();

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8"); // The signature covers the body as it came, not as parsed.

  let event;
  const verified = [];
  for (const [name, verifier] of Object.entries(verifiers)) {
    try {
      event = verifier.verify(body, request.headers);
      verified.push(name);
    } catch (error) {
      console.log(`refused by ${name}: ${error.message}`);
    }
  }

  if (verified.length < Object.keys(verifiers).length) {
    response.writeHead(401).end();
    return;
  }

  response.writeHead(204).end(); // Answer first, within five seconds; work afterwards.
  const id = request.headers["webhook-id"];
  if (handled.has(id)) return;
  handled.add(id);
  console.log(`${event.type.padEnd(30)} ${event.data.id}  verified by ${verified.join(" and ")}`);
}).listen(port, "127.0.0.1", () => console.log(`waiting for webhooks on http://127.0.0.1:${port}/`));
