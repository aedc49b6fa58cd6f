// Reads {secret, headers, body} from standard input and checks the signature with the packages that receivers use. Prints one word for each: accepted or refused.
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { secret, headers, body } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
for (const Webhook of [StandardWebhook, SvixWebhook]) {
  try {
    new Webhook(secret).verify(body, headers);
    console.log("accepted");
  } catch {
    console.log("refused");
  }
}
