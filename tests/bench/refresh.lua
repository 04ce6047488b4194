-- wrk: each request takes a refresh token that no other has under way, each answer gives the next one.
local tokens, head, tail = {}, 1, 0

function init(args)
  for line in io.lines(args[1]) do
    tail = tail + 1
    tokens[tail] = line
  end
end

function request()
  local token = tokens[head]
  tokens[head] = nil
  head = head + 1
  return wrk.format("POST", "/v1/sessions/refresh", { ["Content-Type"] = "application/json" },
    '{"refresh_token":"' .. token .. '"}')
end

function response(status, headers, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then
    tail = tail + 1
    tokens[tail] = token
  end
end
